//! Bytes on the chip and in the encode files: a card and the profile's layout become file images, a line of the vendor's text
//! file, and a record of data groups; readers turn the same bytes back. Bytes in, bytes out: no files, no readers, no randomness.
//! Card keys are derived here in software, or elsewhere behind [`keys::CardKeys`].

pub mod apdu;
pub mod cps;
mod image;
pub mod keys;
pub mod permit;
mod problem;
#[cfg(test)]
mod samples;
mod secret;
pub mod show;
mod sm;
mod value;
mod vendor;

pub use image::{ChipImage, ChipRecordImage, Content, FileImage, check_texts, decode, image, image_with_portrait};
pub use image::{FilePlace, FileTree, Holds, ImageFault, Parts, Permission, Permissions, RecordPlace};
pub use problem::ChipProblem;
pub use secret::{Kek, Key16, Place, Secret, Sm2Secret};
pub use sm::{NotWholeBlocks, SM4_BLOCK_BYTES, Sm4Key, sm3};
pub use value::{ValueFault, decode_value, encode_value};
pub use vendor::{VendorReader, vendor_header, vendor_line, vendor_records};
