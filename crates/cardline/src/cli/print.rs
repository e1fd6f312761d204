//! What may be typed about print jobs. What it means is in `commands/`.

use clap::Args;

#[derive(Args)]
pub struct PrintArgs {
    /// A job of a released batch: BATCH/JOB.
    pub job: String,
    /// A printer of `cardline devices list` that was added with an address.
    #[arg(long, value_name = "NAME")]
    pub device: String,
    /// Who prints.
    #[arg(long = "as", value_name = "ID")]
    pub who: String,
    /// How long the printer may take over the job, 1 to 1440; default: as the configuration says.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1440))]
    pub minutes: Option<u64>,
    /// A line of `cardline ledger witness`, or a file of them: refuse a plant that lacks one (it was rolled back).
    #[arg(long, value_name = "FILE|LINE")]
    pub witness: Option<String>,
}
