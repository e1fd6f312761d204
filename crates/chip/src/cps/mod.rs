//! The binary encode file: each card's chip content and keys as a record shaped like EMV CPS's (docs/formats/cps.md). The writer
//! makes a card at a time; the reader is strict: every byte is accounted for or the file is refused. Neither ever sees a clear key.

mod bytes;
mod parameters;
mod read;
mod stream;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

pub use parameters::KeyParameters;
pub use read::{CpsCard, CpsModule, CpsReader, cps_records};
pub use stream::{CpsContent, CpsFile, CpsKeys, files_of};
pub use write::CpsWriter;

use crate::keys::{KeyFault, MAC_BYTES};
use crate::problem::ChipProblem;

const FILE_MAGIC: &[u8; 6] = b"CLDGI\0";
const VERSION: u16 = 2;
const CARD_MAGIC: &[u8; 4] = b"CARD";
/// `BYYYYMMDD-NN`.
const BATCH_BYTES: usize = 12;
const NUMBER_BYTES: usize = 9;
const RECORD_BYTES: usize = 16;
/// In the file's header where there is no such key.
const NO_KEY: u8 = 0;

/// Version of the record's layout.
const VNL: &[u8; 4] = b"02.1";
/// Before the number of applications: no card reader name, status of the collection "00", no product id.
const MODULES_HEAD: &[u8; 4] = b"\x0000\x00";
/// TKid: the transport key's version and check value.
const TK_ID_BYTES: usize = 4;
const TK_TYPE: u8 = 0x20;
/// No owner; one step: action 0F, required, its data are the objects EF: no order, version control, encryption, randoms or groups asked for,
/// security level 00, no log update, no pointer.
const STEPS: &[u8; 25] = b"\x00\x17\x00\x00\x14\x13\x0F\x01\xEF\x00\x0C\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// No data for the device's log.
const NO_LOG: &[u8; 2] = b"\0\0";
/// No MAC outside the stream.
const NO_MAC_PART: u8 = 0;
/// Tag of the data of an application's step.
const DATA: u8 = 0xEF;

/// Creates a folder or file: the value is a file control parameter template (tag 62).
const DGI_CREATE: u16 = 0x0062;
/// What the keys of 8000 are: control reference templates (tag B9), one for each.
const DGI_KEY_TEMPLATES: u16 = 0x00B9;
const DGI_KEYS: u16 = 0x8000;
const DGI_CHECKS: u16 = 0x9000;
/// The MAC over all bytes of the card before it; the last data group of the last application.
const DGI_MAC: u16 = 0x7FFF;
const MAC_GROUP_BYTES: usize = 3 + MAC_BYTES;
/// From here the length has its long form, `FF` and two bytes.
const LONG_FORM_FROM: usize = 0xFF;
const KEY_TEMPLATE_BYTES: usize = 17;

/// Why a card can't be written: its data, or its keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CpsFault {
    Chip(ChipProblem),
    Keys(KeyFault),
}

impl From<ChipProblem> for CpsFault {
    fn from(problem: ChipProblem) -> Self {
        Self::Chip(problem)
    }
}

impl From<KeyFault> for CpsFault {
    fn from(fault: KeyFault) -> Self {
        Self::Keys(fault)
    }
}

impl fmt::Display for CpsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chip(problem) => problem.fmt(f),
            Self::Keys(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for CpsFault {}
