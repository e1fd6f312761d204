//! What may be typed to decide applications. What it means is in `commands/decide.rs`.

use clap::{Args, ValueEnum};

#[derive(Args)]
pub struct ResolveArgs {
    /// Application number, or OUTLET/NUMBER where two outlets used it.
    pub application: String,
    #[arg(value_enum)]
    pub decision: DecisionArg,
    /// Why; kept with the decision.
    #[arg(long)]
    pub reason: String,
    /// Who does it.
    #[arg(long = "as", value_name = "ID")]
    pub who: String,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum DecisionArg {
    Accept,
    Reject,
}

#[derive(Args)]
pub struct WithdrawArgs {
    /// Application number, or OUTLET/NUMBER where two outlets used it.
    pub application: String,
    /// Why; kept with the decision.
    #[arg(long)]
    pub reason: String,
    /// Who does it.
    #[arg(long = "as", value_name = "ID")]
    pub who: String,
}
