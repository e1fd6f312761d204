//! The card's file tree as one typed description: what the profile's layout says in hex and names, in numbers, grouped by folder in the
//! order of writing. Every encoding and every reader starts from it.

use card::profile::chip::{Access, ChipFile, ChipLayout, ChipPortrait, ChipRecord, ChipReserved, Condition, FIELDS, PERMIT_FIELDS, ValueKind};

use super::{Permission, Permissions};
use crate::problem::ChipProblem;
use crate::value::encode_value;

/// The tree of one layout; made once, used for all cards.
pub struct FileTree<'a> {
    pub layout: &'a ChipLayout,
    pub files: Vec<FilePlace<'a>>,
}

/// Where a file is, who may use it and what it holds.
pub struct FilePlace<'a> {
    /// The folder as the profile calls it.
    pub folder_id: &'a str,
    /// Name the folder is selected by.
    pub folder: Vec<u8>,
    pub id: u16,
    pub sfi: u8,
    pub access: Permissions,
    pub holds: Holds<'a>,
}

pub enum Holds<'a> {
    Records(Vec<RecordPlace<'a>>),
    Portrait(&'a ChipPortrait),
    /// Nothing yet; made with this size.
    Reserved {
        size_bytes: u16,
    },
}

pub struct RecordPlace<'a> {
    pub tag: u8,
    pub field: &'a str,
    pub len_bytes: usize,
    pub kind: ValueKind,
    /// Its bytes, where they are the same on all cards.
    pub constant: Option<Vec<u8>>,
}

impl<'a> FileTree<'a> {
    /// # Errors
    /// The layout was never checked and can't be written, or one of its constants can't; a profile's is checked when it is read.
    pub fn of(layout: &'a ChipLayout) -> Result<Self, ChipProblem> {
        let records = layout.record_files().map(|f| of_records(layout, f));
        let portrait = layout.portrait.iter().map(|p| of_portrait(layout, p));
        let reserved = layout.reserved_files().map(|r| of_reserved(layout, r));
        let mut files = records.chain(portrait).chain(reserved).collect::<Result<Vec<_>, _>>()?;
        files.sort_by_key(|f| layout.folder.iter().position(|folder| folder.id == f.folder_id));
        Ok(Self { layout, files })
    }

    /// The place of a file of an image.
    #[must_use]
    pub fn find(&self, folder: &[u8], id: u16) -> Option<&FilePlace<'a>> {
        self.files.iter().find(|f| f.folder == folder && f.id == id)
    }

    /// The file and record that hold a field.
    #[must_use]
    pub fn record_of(&self, field: &str) -> Option<(&FilePlace<'a>, &RecordPlace<'a>)> {
        self.files.iter().find_map(|f| Some((f, f.records().iter().find(|r| r.field == field)?)))
    }
}

impl<'a> FilePlace<'a> {
    /// None where it holds something else.
    #[must_use]
    pub fn records(&self) -> &[RecordPlace<'a>] {
        match &self.holds {
            Holds::Records(records) => records,
            Holds::Portrait(_) | Holds::Reserved { .. } => &[],
        }
    }
}

fn of_records<'a>(layout: &ChipLayout, f: &'a ChipFile) -> Result<FilePlace<'a>, ChipProblem> {
    let record = |r: &'a ChipRecord| {
        let tag = u8::from_str_radix(&r.tag, 16).map_err(|_| ChipProblem::new(&r.field, "no tag"))?;
        Ok(RecordPlace { tag, field: &r.field, len_bytes: r.len_bytes, kind: r.kind, constant: constant(layout, r)? })
    };
    let holds = Holds::Records(f.record.iter().map(record).collect::<Result<_, _>>()?);
    place(layout, (&f.id, &f.folder, f.sfi), &f.access, holds)
}

/// A field of cards or applications goes before a constant of its name.
fn constant(layout: &ChipLayout, r: &ChipRecord) -> Result<Option<Vec<u8>>, ChipProblem> {
    let text = layout.constant.get(&r.field).filter(|_| !FIELDS.contains(&r.field.as_str()) && !PERMIT_FIELDS.contains(&r.field.as_str()));
    text.map(|text| encode_value(r.kind, r.len_bytes, text)).transpose().map_err(|fault| ChipProblem::new(&r.field, fault))
}

fn of_portrait<'a>(layout: &ChipLayout, p: &'a ChipPortrait) -> Result<FilePlace<'a>, ChipProblem> {
    place(layout, (&p.id, &p.folder, p.sfi), &p.access, Holds::Portrait(p))
}

fn of_reserved<'a>(layout: &ChipLayout, r: &'a ChipReserved) -> Result<FilePlace<'a>, ChipProblem> {
    place(layout, (&r.id, &r.folder, r.sfi), &r.access, Holds::Reserved { size_bytes: r.size_bytes })
}

fn place<'a>(layout: &ChipLayout, (id, folder_id, sfi): (&str, &'a str, u8), access: &Access, holds: Holds<'a>) -> Result<FilePlace<'a>, ChipProblem> {
    let wrong = || ChipProblem::new(id, "not a file of the layout");
    let folder = layout.folder.iter().find(|f| f.id == folder_id).and_then(|f| unhex(&f.name_hex)).ok_or_else(wrong)?;
    let permission = |condition| permission(layout, folder_id, condition).ok_or_else(wrong);
    let access = Permissions { read: permission(&access.read)?, update: permission(&access.update)? };
    Ok(FilePlace { folder_id, folder, id: u16::from_str_radix(id, 16).map_err(|_| wrong())?, sfi, access, holds })
}

fn permission(layout: &ChipLayout, folder: &str, condition: &Condition) -> Option<Permission> {
    match condition {
        Condition::Free => Some(Permission::Free),
        Condition::Never => Some(Permission::Never),
        Condition::Key(name) => layout.key.iter().find(|k| k.name == *name && k.folder == folder)?.id_byte().map(Permission::Key),
    }
}

/// Bytes of an even number of hex digits.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: &u8| char::from(*b).to_digit(16).map(|n| n as u8);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?));
    if rest.is_empty() { bytes.collect() } else { None }
}

/// Upper-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    bytes.iter().flat_map(|b| [b >> 4, b & 0x0F]).map(|n| char::from(DIGITS[usize::from(n)])).collect()
}
