//! The door: reads the command line, opens the plant, walks the line and gives the exit code. Rules and rooms live below.

/// A line on standard error. That may be a log on a full disk, or a terminal that is gone: no night ends for want of a line.
macro_rules! tell {
    ($($line:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($line)*);
    }};
}

mod again;
mod card_keys;
mod cli;
mod commands;
mod config;
mod drill;
mod key_files;
mod people;
mod progress;
mod rederive;
mod release_id;
mod room;
mod test_keys;
mod wiring;
mod witness;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    plant::allocator::give_memory_back();
    // Nothing personal may reach the terminal, a log or a core: a panic prints where it happened and no data.
    std::panic::set_hook(Box::new(|info| {
        if stdout_is_gone(info.payload()) {
            return;
        }
        let place = info.location().map_or_else(String::new, |l| format!("{}:{}", l.file(), l.line()));
        tell!("cardline: internal fault at {place}; the item is held, the run goes on if it can");
    }));
    let args = match cli::Cli::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 64 } else { 0 });
        }
    };
    match std::panic::catch_unwind(|| commands::dispatch(&args)) {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(fault)) => {
            tell!("cardline: {fault}");
            ExitCode::from(fault.exit_code())
        }
        // `cardline explain … | head` has read what it wanted. Not 0: nobody has seen how `verify` ended.
        Err(panic) if stdout_is_gone(&*panic) => ExitCode::from(EXIT_IO),
        Err(_) => ExitCode::from(commands::EXIT_BROKEN),
    }
}

/// Input/output error (faults.md §3).
const EXIT_IO: u8 = 74;

/// Whoever read our output has closed it: std's `println!` panics then.
fn stdout_is_gone(panic: &dyn std::any::Any) -> bool {
    panic.downcast_ref::<String>().is_some_and(|text| text.contains("failed printing to stdout"))
}
