//! Integration tests: the program as a person runs it, on plants made by its own generator. Unit tests live beside the code.

mod commands;
mod determinism;
mod kill;
mod ledger_commands;
mod night;
mod people;
mod plant;
mod purge;
#[cfg(feature = "system-tests")]
mod system;
mod world;
