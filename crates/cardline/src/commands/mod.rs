//! One file per command; this one only finds the right file.

mod backup;
mod chip;
mod decide;
mod deliveries;
mod demo;
mod devices;
mod drill;
mod encode;
mod explain;
mod handover;
mod held;
pub mod init;
mod keys;
mod ledger;
mod package;
mod paper;
mod people;
mod photo;
mod print;
mod purge;
mod reasons;
mod reconcile;
mod registers;
mod release;
mod remake;
mod returns;
mod run;
mod status;
mod stock;
mod track;
mod unclaimed;
mod verify;

use ::ledger::fault::Fault;
use line::run::Halves;

use crate::cli::{Cli, Command};

/// Exit code when a promise of ours doesn't hold (faults.md §3).
pub const EXIT_BROKEN: u8 = 70;

/// Runs the command and gives its exit code (faults.md §3).
pub fn dispatch(cli: &Cli) -> Result<u8, Fault> {
    match &cli.command {
        Command::Init(args) => init::init(cli, args),
        Command::Run(args) => run::run(cli, args, "run", Halves { intake: true, produce: true }),
        Command::Intake(args) => run::run(cli, args, "intake", Halves { intake: true, produce: false }),
        Command::Produce(args) => run::run(cli, args, "produce", Halves { intake: false, produce: true }),
        Command::Package { command } => package::package(cli, command),
        Command::Registers { command } => registers::registers(cli, command),
        Command::Photo { command } => photo::photo(command),
        Command::Whatif(args) => photo::whatif::whatif(cli, args),
        Command::ExamineApart => photo::examine_apart(cli),
        Command::Reasons { code, markdown } => reasons::reasons(code.as_deref(), *markdown),
        Command::Profiles => reasons::profiles(),
        Command::Held { outlet, json } => held::held(cli, outlet.as_deref(), *json),
        Command::Resolve(args) => decide::resolve(cli, args),
        Command::Withdraw(args) => decide::withdraw(cli, args),
        Command::Status { json } => status::status(cli, *json),
        Command::Explain { application } => explain::explain(cli, application),
        Command::Track { application_or_card } => track::track(cli, application_or_card),
        Command::Chip { command } => chip::chip(cli, command),
        Command::Returns { command } => returns::returns(cli, command),
        Command::Deliveries { command } => deliveries::deliveries(cli, command),
        Command::Event(args) => decide::event(cli, args),
        Command::Unclaimed(args) => unclaimed::unclaimed(cli, args),
        Command::Remake { command } => remake::remake(cli, command),
        Command::Release(args) => release::release(cli, args),
        Command::People { command } => people::people(cli, command),
        Command::Keys { command } => keys::keys(cli, command),
        Command::Ledger { command } => ledger::ledger(cli, command),
        Command::Purge(args) => purge::purge(cli, args),
        Command::Verify(args) => verify::verify(cli, args),
        Command::Backup(args) => backup::backup(cli, args),
        Command::Restore(args) => backup::restore(cli, args),
        Command::Drill(args) => drill::drill(cli, args),
        Command::Demo(args) => demo::demo(cli, args),
        Command::Devices { command } => devices::devices(cli, command),
        Command::Proof(args) => paper::proof(cli, args),
        Command::Inspect(args) => paper::inspect(cli, args),
        Command::Handover(args) => handover::handover(cli, args),
        Command::Print(args) => print::print(cli, args),
        Command::Encode(args) => encode::encode(cli, args),
        Command::Stock { command } => stock::stock(cli, command),
        Command::Reconcile(args) => reconcile::reconcile(cli, args),
    }
}
