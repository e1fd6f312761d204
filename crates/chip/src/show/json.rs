//! The JSON form, and back to files. What people read in it (names, texts) is not read back: only ids, permissions and hex count.

use crate::image::{ChipRecordImage, Content, FileImage, Permission, Permissions, unhex};

use super::{FORMAT, ShownContent, ShownFile, ShownImage, ShownRecord};

impl ShownImage {
    /// One object on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// # Errors
    /// It isn't a chip image of version 1. Says where, never what was there.
    pub fn from_json(bytes: &[u8]) -> Result<Self, String> {
        let at = |e: serde_json::Error| format!("not a chip image: line {}, column {}", e.line(), e.column());
        let shown: Self = serde_json::from_slice(bytes).map_err(at)?;
        if shown.format == FORMAT { Ok(shown) } else { Err("not a chip image of version 1".to_owned()) }
    }

    /// The files that are shown.
    ///
    /// # Errors
    /// An id, permission or value isn't of its form, or a file or record is there twice.
    pub fn files(&self) -> Result<Vec<FileImage>, String> {
        let mut files: Vec<FileImage> = Vec::new();
        for folder in &self.folders {
            let name = unhex(&folder.name).filter(|n| (1..=16).contains(&n.len())).ok_or("a folder's name is not 1 to 16 bytes of hex")?;
            for shown in &folder.files {
                let file = file(name.clone(), shown).map_err(|why| format!("file {}: {why}", super::text::printable(&shown.id)))?;
                if files.iter().any(|f| f.folder == file.folder && f.id == file.id) {
                    return Err(format!("file {:04X} is there twice", file.id));
                }
                files.push(file);
            }
        }
        Ok(files)
    }
}

fn file(folder: Vec<u8>, shown: &ShownFile) -> Result<FileImage, &'static str> {
    let id = unhex(&shown.id).and_then(|id| Some(u16::from_be_bytes(id.try_into().ok()?))).ok_or("the id is not four hex digits")?;
    let access = Permissions { read: permission(&shown.read)?, update: permission(&shown.update)? };
    let content = match &shown.content {
        ShownContent::Records(records) => Content::Records(records_of(records)?),
        ShownContent::Transparent(hex) => Content::Transparent(unhex(hex).ok_or("not hex")?),
        ShownContent::ReservedBytes(size_bytes) => Content::Reserved { size_bytes: *size_bytes },
    };
    Ok(FileImage { folder, id, sfi: shown.sfi, access, content })
}

fn permission(text: &str) -> Result<Permission, &'static str> {
    let mut words = text.split(' ');
    match (words.next(), words.next()) {
        (Some("free"), None) => Ok(Permission::Free),
        (Some("never"), None) => Ok(Permission::Never),
        (Some("key"), Some(id)) => match unhex(id).as_deref() {
            Some([id @ 0x01..=0xFE]) => Ok(Permission::Key(*id)),
            _ => Err("a key's number is not 01 to FE"),
        },
        _ => Err("a permission is free, never or a key"),
    }
}

fn records_of(shown: &[ShownRecord]) -> Result<Vec<ChipRecordImage>, &'static str> {
    let mut records: Vec<ChipRecordImage> = Vec::with_capacity(shown.len());
    for record in shown {
        let Some([tag]) = unhex(&record.tag).as_deref().and_then(|tag| <[u8; 1]>::try_from(tag).ok()) else { return Err("a tag is not two hex digits") };
        if records.iter().any(|r| r.tag == tag) {
            return Err("a tag is there twice");
        }
        records.push(ChipRecordImage { tag, value: unhex(&record.hex).ok_or("a record is not hex")? });
    }
    Ok(records)
}
