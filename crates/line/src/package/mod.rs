//! The bytes of an outlet's application package: how they are unpacked, understood, verified, made and checked
//! (`docs/formats/package.md`; faults.md §5.1–5.2). Knows no path and no ledger: whether a package is a repeat,
//! and what becomes of its applications, is decided in the rooms.

pub mod check;
pub mod container;
mod files;
mod finding;
mod json;
pub mod keys;
mod limits;
pub mod make;
pub mod manifest;
mod name;
pub mod records;
pub mod signature;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use check::{Checks, check};
pub use container::{ArchiveKind, EntryKind, FolderEntry, FolderSource, ReadSeek, Sink, Source, UnpackedFile, unpack, unpack_with_places};
pub use files::{FilesJudged, count_reason, judge_files};
pub use finding::{Finding, Stop, escaped};
pub use keys::{KeyId, SecretKey};
pub use limits::PackageLimits;
pub use make::{Draft, Made, PackageSpec, Photos};
pub use manifest::{Channel, Employer, Encoding, FileFact, Manifest, RecordsKind, Staff, employer_reasons};
pub use name::{MANIFEST, PHOTO_FOLDER, RECORDS_CSV, RECORDS_JSONL, SIGNATURE, photo_entry};
pub use records::{Row, Rows};
pub use signature::{OutletKey, check_public_key};
