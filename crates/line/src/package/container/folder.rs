//! A package that is a folder. Names are all judged before any file is opened; a file that is not as long as it was listed
//! changed under our eyes.

use std::io;

use card::Code;

use super::flow::{CHUNK_BYTES, read_full};
use super::intake::{Admitted, Gathered, Intake};
use super::{EntryKind, FolderEntry, FolderSource};
use crate::package::finding::{Halt, refuse};
use crate::package::name::Part;

pub(super) fn read(folder: &mut dyn FolderSource, intake: &mut Intake) -> Result<(), Halt> {
    let mut entries = folder.entries(intake.limits.files_max + 1).map_err(unreadable)?;
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let mut gathered = Gathered::new();
    let mut files = Vec::new();
    for entry in &entries {
        files.extend(gathered.keep(admit(entry, intake))?.flatten());
    }
    gathered.end()?;
    files.into_iter().try_for_each(|(file, len_bytes)| copy(folder, &file, len_bytes, intake))
}

/// `None` for the folders of the format.
fn admit(entry: &FolderEntry, intake: &mut Intake) -> Result<Option<(Admitted, u64)>, Halt> {
    if entry.kind == EntryKind::Other {
        return Err(refuse(&crate::package::finding::escaped(entry.name.as_bytes()), Code::Pkg08, "not a plain file", "plain files"));
    }
    let file = intake.admit(entry.name.as_bytes())?;
    if (file.part == Part::Folder) != (entry.kind == EntryKind::Dir) {
        return Err(refuse(&file.place, Code::Pkg11, "a folder the format doesn't know", "photos/"));
    }
    if file.part == Part::Folder {
        return Ok(None);
    }
    intake.declare(&file, entry.len_bytes)?;
    Ok(Some((file, entry.len_bytes)))
}

fn copy(folder: &mut dyn FolderSource, file: &Admitted, len_bytes: u64, intake: &mut Intake) -> Result<(), Halt> {
    let mut reader = folder.open(&file.name).map_err(|e| gone(e, &file.place))?;
    let mut storing = intake.begin(file)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    while storing.len_bytes <= len_bytes {
        let got = read_full(reader.as_mut(), &mut chunk)?;
        if got == 0 {
            break;
        }
        storing.write(&chunk[..got])?;
    }
    if storing.len_bytes != len_bytes {
        return Err(refuse(&file.place, Code::Pkg16, format!("{} bytes", storing.len_bytes), format!("{len_bytes} bytes when listed")));
    }
    storing.end()
}

fn gone(error: io::Error, place: &str) -> Halt {
    match error.kind() {
        io::ErrorKind::NotFound => refuse(place, Code::Pkg16, "gone", "there when listed"),
        _ => unreadable(error),
    }
}

fn unreadable(error: io::Error) -> Halt {
    match error.kind() {
        io::ErrorKind::PermissionDenied => refuse("folder", Code::Pkg18, "permission denied", "readable"),
        _ => Halt::Fault(error),
    }
}
