//! How large a package and its parts may be. Data of the configuration; the defaults are published in `docs/formats/package.md`.

/// Limits on one package. Everything beyond them is refused before it is read (PKG-05, PKG-13, PKG-14, MAN-05, REC-03).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PackageLimits {
    /// The container itself, and separately everything it unpacks to.
    pub package_bytes_max: u64,
    /// Files in the container, the manifest and signature included.
    pub files_max: usize,
    pub photo_bytes_max: u64,
    pub records_bytes_max: u64,
    pub manifest_bytes_max: u64,
    pub signature_bytes_max: u64,
    /// Unpacked bytes for each compressed byte, beyond the first `ratio_free_bytes`.
    pub ratio_max: u64,
    pub ratio_free_bytes: u64,
    /// Base-2 logarithm of the largest zstd window: memory a frame may ask for.
    pub zstd_window_log_max: u32,
    /// One row of the records, decoded or not.
    pub row_bytes_max: usize,
    /// Nesting of the manifest's JSON.
    pub json_depth_max: usize,
}

impl Default for PackageLimits {
    fn default() -> Self {
        Self {
            package_bytes_max: 4 << 30,
            files_max: 25_000,
            photo_bytes_max: 1 << 20,
            records_bytes_max: 256 << 20,
            manifest_bytes_max: 16 << 20,
            signature_bytes_max: 4 << 10,
            ratio_max: 20,
            ratio_free_bytes: 8 << 20,
            zstd_window_log_max: 23,
            row_bytes_max: 64 << 10,
            json_depth_max: 32,
        }
    }
}
