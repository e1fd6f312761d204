//! Telling the disk to begin with what a file has, long before anybody waits for it. Makes nothing durable: that is `sync` (`disk.rs`).

use std::fs::File;

/// Starts writing all dirty pages of a file and returns. What goes wrong here is met again, and reported, by the file's sync.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "sync_file_range has no safe form; it takes a file and three numbers")]
pub(crate) fn start(file: &File) {
    use std::os::fd::AsRawFd as _;
    // SAFETY: the descriptor is open for as long as `file` is borrowed; offset and length 0 mean all of it; no memory is handed over.
    unsafe {
        libc::sync_file_range(file.as_raw_fd(), 0, 0, libc::SYNC_FILE_RANGE_WRITE);
    }
}

/// Elsewhere the sync does it all.
#[cfg(not(target_os = "linux"))]
pub(crate) fn start(_: &File) {}
