//! What must not be forgotten: the journal (truth), the vault's file format, the index over both, and the `Disk` port they stand on.
//! Knows formats and durability, not rules: what an entry means is the line's business.

pub mod book;
pub mod disk;
pub mod entry;
pub mod envelope;
pub mod fault;
pub mod index;
pub mod journal;
pub mod publish;
pub mod segment;
pub mod vault_key;

pub use disk::{Bytes, Disk, DiskFile, RelPath};
pub use entry::Entry;
pub use fault::Fault;
pub use index::{Index, IndexBatch, MemIndex, SledIndex};
pub use journal::{Head, Journal, JournalReader, OpenReport};
pub use publish::{FileInfo, publish, publish_bytes};
pub use segment::{DataKey, EntryInfo, SegmentReader, SegmentWriter};

#[cfg(test)]
mod format_page;
#[cfg(test)]
mod memory_disk;
