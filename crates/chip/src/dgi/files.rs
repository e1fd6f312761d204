//! From data groups back to files: what a chip would hold after it was given them.

use super::read::{Cursor, Dgi};
use super::{DGI_CREATE, PERMISSION_FREE, PERMISSION_NEVER, size_of};
use crate::image::{ChipRecordImage, Content, FileImage, Permission, Permissions};

/// The files a card's groups make: what a chip would hold after them.
///
/// # Errors
/// A group names no file made before it, a file is made twice, or a template or record is malformed.
pub fn files_of(groups: &[Dgi]) -> Result<Vec<FileImage>, String> {
    let mut folder: Option<Vec<u8>> = None;
    let mut files: Vec<Made> = Vec::new();
    for group in groups {
        if group.dgi != DGI_CREATE {
            put_into(&mut files, group)?;
            continue;
        }
        match parameters(group.value)? {
            Parameters::Folder(name) => folder = Some(name),
            Parameters::File(mut made) => {
                made.image.folder = folder.clone().ok_or("a file outside any folder")?;
                if files.iter().any(|f| f.image.sfi == made.image.sfi) {
                    return Err("a file made twice".to_owned());
                }
                files.push(made);
            }
        }
    }
    files.into_iter().map(Made::finished).collect()
}

/// A file while its content arrives, with the size its parameters promised.
struct Made {
    image: FileImage,
    size: usize,
    records: usize,
}

impl Made {
    /// A transparent file that was made and got no content is reserved.
    fn finished(mut self) -> Result<FileImage, String> {
        if let (Content::Transparent(bytes), Ok(size_bytes @ 1..)) = (&self.image.content, u16::try_from(self.size))
            && bytes.is_empty()
        {
            self.image.content = Content::Reserved { size_bytes };
        }
        let whole = size_of(&self.image.content) == self.size && (!matches!(&self.image.content, Content::Records(_)) || self.count() == self.records);
        if whole { Ok(self.image) } else { Err("a file of another size than its parameters say".to_owned()) }
    }

    fn count(&self) -> usize {
        match &self.image.content {
            Content::Records(records) => records.len(),
            Content::Transparent(_) | Content::Reserved { .. } => 0,
        }
    }
}

enum Parameters {
    Folder(Vec<u8>),
    File(Made),
}

fn parameters(value: &[u8]) -> Result<Parameters, String> {
    let objects = objects(value)?;
    let find = |tag: u8| objects.iter().find(|(t, _)| *t == tag).map(|(_, v)| *v);
    let tags: Vec<u8> = objects.iter().map(|(t, _)| *t).collect();
    match (tags.as_slice(), find(0x82)) {
        ([0x82, 0x84], Some([0x38])) => Ok(Parameters::Folder(find(0x84).unwrap_or_default().to_vec())),
        ([0x80, 0x82, 0x83, 0x86, 0x88], Some(descriptor)) => {
            let mut made = file(find(0x80), descriptor, find(0x83), find(0x88))?;
            let Some([read, update]) = find(0x86) else { return Err("an access object of another length".to_owned()) };
            made.image.access = Permissions { read: permission(*read), update: permission(*update) };
            Ok(Parameters::File(made))
        }
        _ => Err("unknown file control parameters".to_owned()),
    }
}

fn permission(byte: u8) -> Permission {
    match byte {
        PERMISSION_FREE => Permission::Free,
        PERMISSION_NEVER => Permission::Never,
        id => Permission::Key(id),
    }
}

fn file(size: Option<&[u8]>, descriptor: &[u8], id: Option<&[u8]>, sfi: Option<&[u8]>) -> Result<Made, String> {
    let (Some([s1, s0]), Some([i1, i0]), Some([sfi])) = (size, id, sfi) else { return Err("file control parameters of another length".to_owned()) };
    let (content, records) = match descriptor {
        [0x01] => (Content::Transparent(Vec::new()), 0),
        [0x05, 0x01, _, _, count] => (Content::Records(Vec::new()), usize::from(*count)),
        _ => return Err("unknown kind of file".to_owned()),
    };
    let image = FileImage { folder: Vec::new(), id: u16::from_be_bytes([*i1, *i0]), sfi: sfi >> 3, access: Permissions::default(), content };
    Ok(Made { image, size: usize::from(u16::from_be_bytes([*s1, *s0])), records })
}

/// Simple TLV objects inside one template 62, to its last byte.
fn objects(value: &[u8]) -> Result<Vec<(u8, &[u8])>, String> {
    let mut outer = Cursor { rest: value };
    let (tag, len) = (outer.take(1)?[0], usize::from(outer.take(1)?[0]));
    let mut inner = Cursor { rest: outer.take(len)? };
    if tag != 0x62 || !outer.rest.is_empty() {
        return Err("not a file control parameter template".to_owned());
    }
    let mut found = Vec::new();
    while !inner.rest.is_empty() {
        let (tag, len) = (inner.take(1)?[0], usize::from(inner.take(1)?[0]));
        found.push((tag, inner.take(len)?));
    }
    Ok(found)
}

fn put_into(files: &mut [Made], group: &Dgi) -> Result<(), String> {
    let [sfi, low] = group.dgi.to_be_bytes();
    let file = files.iter_mut().find(|f| f.image.sfi == sfi).ok_or_else(|| format!("data group {:04X} without a file", group.dgi))?;
    match &mut file.image.content {
        Content::Transparent(bytes) if low == 0 && bytes.is_empty() => bytes.extend_from_slice(group.value),
        Content::Records(records) if records.iter().all(|r| r.tag != low) => match group.value {
            [tag, len, value @ ..] if *tag == low && usize::from(*len) == value.len() => records.push(ChipRecordImage { tag: *tag, value: value.to_vec() }),
            _ => return Err(format!("data group {:04X}: not its record", group.dgi)),
        },
        _ => return Err(format!("data group {:04X} twice or of another kind", group.dgi)),
    }
    Ok(())
}
