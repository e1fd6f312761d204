//! `cardline chip …`: looking at chip images. What is asked for is found here: a card in the plant's own encode files, the cards of any
//! encode file, or a chip image in JSON. What is found is personal and goes to standard output alone.

mod script;
mod show;
mod source;
mod verify;

use ledger::fault::Fault;

use crate::cli::{ChipCommand, Cli};

pub use script::form;

pub fn chip(cli: &Cli, command: &ChipCommand) -> Result<u8, Fault> {
    match command {
        ChipCommand::Show(args) => show::show(cli, args),
        ChipCommand::Script(args) => script::script(cli, args),
        ChipCommand::Verify(args) => verify::verify(cli, args),
    }
}
