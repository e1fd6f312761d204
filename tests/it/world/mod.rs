//! The line in a world that fails: killed at every operation under every model of loss, refused by the disk at every operation,
//! told wrong times. What must hold afterwards is always the same: run again, and the outputs are those of a run nothing happened to.

mod again;
mod apart;
mod crash;
mod faults;
pub mod handover;
pub mod inputs;
mod neighbours;
mod panics;
pub mod plant;
mod print;
mod print_kills;
mod purge;
mod strays;
