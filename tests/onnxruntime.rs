//! Where the tests and the bench find ONNX Runtime's library: `CARDLINE_ONNXRUNTIME`, or where `tests/setup.sh` puts it. Not how a plant
//! finds it: that is configured.

use std::path::PathBuf;

/// The library. Without one a line says that nothing is tested.
pub fn found() -> Option<PathBuf> {
    let named = std::env::var_os("CARDLINE_ONNXRUNTIME").map(PathBuf::from);
    if let Some(path) = named.or_else(fetched).filter(|path| path.is_file()) {
        return Some(path);
    }
    println!("SKIPPED: no library of ONNX Runtime: bash tests/setup.sh fetches one, or CARDLINE_ONNXRUNTIME names it");
    None
}

fn fetched() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?;
    Some(cache.join("cardline/onnxruntime/libonnxruntime.so"))
}
