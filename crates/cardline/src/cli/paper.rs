//! What may be typed to look at what is printed. What it means is in `commands/paper/`.

use std::path::PathBuf;

use clap::Args;

#[derive(Args)]
pub struct ProofArgs {
    pub batch: String,
    /// Folder for the pictures; it must not be there yet. They show people: remove them when they have been looked at.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Cards on the contact sheet.
    #[arg(long, default_value_t = 80, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=2_000))]
    pub cards: u32,
    /// Which of the cards without any risk are in the sample.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Resolution of the pictures of single cards; 0 for the contact sheet alone.
    #[arg(long, default_value_t = 300, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_200))]
    pub dpi: u32,
}

#[derive(Args)]
pub struct InspectArgs {
    pub batch: String,
    /// The job; left out, all of them.
    pub job: Option<u32>,
    /// Cards of each job whose photo and codes are looked at, spread evenly; left out, all. Structure, sizes, fonts and texts are always of all.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub cards: Option<u32>,
    /// Also let qpdf check the file's structure: it decodes every photo, some 35 ms a page.
    #[arg(long)]
    pub structure: bool,
    #[arg(long)]
    pub json: bool,
}
