//! The seal of a closed index: length and CRC32C of every file in its folder. sled 0.34.7 opens some damaged files without a word
//! and lacks the keys that stood there (docs/decisions/0001); a sealed index that isn't as it was left is never opened.
//! Doesn't speak of an index that was not closed: a killed process leaves no seal.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

const SEAL_FILE: &str = "sealed";
const UNFINISHED_FILE: &str = "sealed.part";
const CHUNK_BYTES: usize = 1 << 20;

/// Seals a folder nobody writes in any more. Whatever happens meanwhile, there is a whole seal or none.
pub fn seal(folder: &Path) -> io::Result<()> {
    let (unfinished, text) = (folder.join(UNFINISHED_FILE), contents(folder)?);
    fs::write(&unfinished, text)?;
    File::open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, folder.join(SEAL_FILE))?;
    File::open(folder)?.sync_all()
}

/// Takes the seal off, if there is one; `false`: the folder isn't as it was sealed.
pub fn unseal(folder: &Path) -> io::Result<bool> {
    let path = folder.join(SEAL_FILE);
    let sealed = match fs::read(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(true),
        read => read?,
    };
    let sound = sealed == contents(folder)?.as_bytes();
    if sound {
        fs::remove_file(&path)?;
    }
    Ok(sound)
}

/// A line a file: length in bytes, CRC32C, path; ordered by path.
fn contents(folder: &Path) -> io::Result<String> {
    let mut lines = Vec::new();
    list(folder, "", &mut lines)?;
    lines.sort_unstable();
    Ok(lines.into_iter().map(|(path, len_bytes, crc)| format!("{len_bytes} {crc:08x} {path}\n")).collect())
}

fn list(folder: &Path, prefix: &str, lines: &mut Vec<(String, u64, u32)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{path}/"), lines)?;
        } else if path != SEAL_FILE && path != UNFINISHED_FILE {
            let (len_bytes, crc) = checksum(&entry.path())?;
            lines.push((path, len_bytes, crc));
        }
    }
    Ok(())
}

fn checksum(path: &Path) -> io::Result<(u64, u32)> {
    let (mut file, mut chunk) = (File::open(path)?, vec![0; CHUNK_BYTES]);
    let (mut len_bytes, mut crc) = (0, 0);
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok((len_bytes, crc)),
            Ok(n) => (len_bytes, crc) = (len_bytes + n as u64, crc32c::crc32c_append(crc, &chunk[..n])),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}
