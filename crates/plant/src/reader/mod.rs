//! Card readers. PC/SC is the only kind, and only in programs built with the feature `pcsc`: it needs libpcsclite.

mod pcsc;

pub use pcsc::PcscReader;
