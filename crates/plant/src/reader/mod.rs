//! Card readers. PC/SC is the only kind, and only in programs built with the feature `pcsc`: it needs libpcsclite.

mod by_hand;
mod pcsc;

pub use by_hand::ByHand;
pub use pcsc::PcscReader;
