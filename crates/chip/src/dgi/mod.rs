//! The binary encode file: each card's chip content as data groups (DGI), after EMV CPS (docs/formats/encode.md).
//! The writer streams; the reader is strict: every byte is accounted for or the file is refused.

mod files;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use files::files_of;
pub use read::{Dgi, DgiCard, DgiReader, dgi_records};
pub use write::{dgi_card, dgi_header};

use crate::image::Content;

const FILE_MAGIC: &[u8; 6] = b"CLDGI\0";
const VERSION: u16 = 1;
const CARD_MAGIC: &[u8; 4] = b"CARD";
/// `BYYYYMMDD-NN`.
const BATCH_BYTES: usize = 12;
const NUMBER_BYTES: usize = 9;
const RECORD_BYTES: usize = 16;

/// Creates a folder or file: the value is a file control parameter template (tag 62).
const DGI_CREATE: u16 = 0x0062;
/// From here the length has its long form, `FF` and two bytes.
const LONG_FORM_FROM: usize = 0xFF;
/// In an access object: anyone, nobody; any other byte is the key that opens.
const PERMISSION_FREE: u8 = 0x00;
const PERMISSION_NEVER: u8 = 0xFF;

/// Bytes of a file's content as the chip stores it.
fn size_of(content: &Content) -> usize {
    match content {
        Content::Transparent(bytes) => bytes.len(),
        Content::Reserved { size_bytes } => usize::from(*size_bytes),
        Content::Records(records) => records.iter().map(|r| r.value.len() + 2).sum(),
    }
}
