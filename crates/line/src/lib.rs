//! The rooms of the line and the program that walks through them (`run.rs`). Knows no adapter and no path outside the plant:
//! what it needs of the world is in `ports.rs`, what must survive goes through the ledger.

pub mod answers;
pub mod crosscheck;
pub mod cut;
pub mod decide;
pub mod devices;
pub mod dispatch;
pub mod encode;
pub mod handover;
pub mod ingest;
pub mod intake;
pub mod job;
pub mod job_sheet;
pub mod jobs;
pub mod letter;
pub mod lists;
pub mod markup;
pub mod package;
pub mod people;
pub mod personalise;
pub mod plan;
pub mod ports;
pub mod pump;
pub mod purge;
pub mod recheck;
pub mod registers;
pub mod release;
pub mod report;
pub mod returns;
pub mod rows;
pub mod run;
pub mod seal;
pub mod strays;
pub mod validate;
pub mod vault;
