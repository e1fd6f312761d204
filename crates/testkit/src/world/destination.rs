//! Lets the generator stock a simulated plant: packages go to its inbox, everything else beside it.

use std::io::{self, Cursor, Seek, SeekFrom, Write};

use super::disk::SimDisk;
use crate::batch::{Destination, Writing};

/// Folder of what the generator leaves beside the plant's own folders.
pub const BESIDE: &str = "demo";

impl Destination for SimDisk {
    fn create(&mut self, path: &str) -> io::Result<Box<dyn Writing>> {
        let path = if path.starts_with("inbox/") { path.to_owned() } else { format!("{BESIDE}/{path}") };
        Ok(Box::new(Kept { disk: self.clone(), path, content: Cursor::default() }))
    }
}

/// Reaches the disk when it is dropped.
struct Kept {
    disk: SimDisk,
    path: String,
    content: Cursor<Vec<u8>>,
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.content.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Kept {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.content.seek(to)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.disk.put(&self.path, self.content.get_ref());
    }
}
