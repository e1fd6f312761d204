//! The door: reads the command line, opens the plant, walks the line and gives the exit code. Rules and rooms live below.

mod cli;
mod commands;
mod config;
mod key_files;
mod people;
mod progress;
mod release_id;
mod wiring;
mod witness;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // Nothing personal may reach the terminal, a log or a core: a panic prints where it happened and no data.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |l| format!("{}:{}", l.file(), l.line()));
        eprintln!("cardline: internal fault at {place}; the item is held, the run goes on if it can");
    }));
    let args = match cli::Cli::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 64 } else { 0 });
        }
    };
    match commands::dispatch(&args) {
        Ok(code) => ExitCode::from(code),
        Err(fault) => {
            eprintln!("cardline: {fault}");
            ExitCode::from(fault.exit_code())
        }
    }
}
