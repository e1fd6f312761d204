//! Integration tests: the program as a person runs it, on plants made by its own generator. Unit tests live beside the code.

mod backup;
mod cards;
mod chip;
mod commands;
mod deliveries;
mod determinism;
mod drill;
mod encode;
mod faults_page;
mod handover;
mod hardship;
mod ipp_printer;
mod keys;
mod kill;
mod ledger_commands;
mod letters;
mod lists;
mod night;
mod paper;
mod people;
mod permits;
mod photo;
mod pictures;
mod plant;
mod print;
mod purge;
mod races;
mod remakes;
mod seeds;
#[cfg(feature = "system-tests")]
mod softhsm;
mod stock;
#[cfg(feature = "system-tests")]
mod system;
#[cfg(feature = "system-tests")]
mod system_cards;
#[cfg(feature = "system-tests")]
mod system_crypto;
#[cfg(feature = "system-tests")]
mod system_faults;
#[cfg(feature = "system-tests")]
mod system_onnxruntime;
#[cfg(feature = "system-tests")]
mod system_paper;
#[cfg(feature = "system-tests")]
mod system_permit;
#[cfg(feature = "system-tests")]
mod system_pkcs11;
#[cfg(feature = "system-tests")]
mod system_print;
#[cfg(feature = "system-tests")]
mod system_spreadsheet;
mod tamper;
mod texts;
mod world;
