//! Where generated files go.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::PathBuf;

/// A file being written.
pub trait Writing: Write + Seek {}
impl<T: Write + Seek> Writing for T {}

/// Takes files by relative path: `inbox/…` packages, `registers/….csv`, `keys/….key`, `expected.jsonl`.
pub trait Destination {
    /// # Errors
    /// The file can't be created.
    fn create(&mut self, path: &str) -> io::Result<Box<dyn Writing>>;
}

/// A folder of the file system. For demonstrations and tests: nothing is synced, and nobody may be reading the inbox meanwhile.
pub struct Folder(pub PathBuf);

impl Destination for Folder {
    fn create(&mut self, path: &str) -> io::Result<Box<dyn Writing>> {
        let full = self.0.join(path);
        if let Some(parent) = full.parent() {
            std::fs::create_dir_all(parent)?;
        }
        Ok(Box::new(BufWriter::with_capacity(1 << 17, File::create(full)?)))
    }
}
