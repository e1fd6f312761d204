//! File control parameters read from CREATE FILE and told by SELECT (ISO 7816-4 §7.4).

use super::memory::{Access, Condition, Content, File, Folder, Form, Records};
use super::status::{self, Sw};

/// Longest content a template can ask for.
const SIZE_BYTES_MAX: usize = 2;
const DF: u8 = 0x38;
const TRANSPARENT: u8 = 0x01;
const LINEAR_FIXED: u8 = 0x02;
const LINEAR_VARIABLE: u8 = 0x04;
const LINEAR_VARIABLE_TLV: u8 = 0x05;
const BYTE_UNITS: u8 = 0x21;
/// Bits of the descriptor that say what the file is; bit 7 (shareable) says nothing here.
const KIND_BITS: u8 = 0xBF;

/// A BER-TLV data object with a tag of one byte.
pub(super) struct Object<'a> {
    pub(super) tag: u8,
    pub(super) value: &'a [u8],
}

/// What is to be made.
pub(super) enum Wanted {
    Folder { id: u16, name: Vec<u8> },
    File(File),
}

/// Data objects to the last byte; lengths of one to three bytes.
pub(super) fn objects(mut rest: &[u8]) -> Option<Vec<Object<'_>>> {
    let mut found = Vec::new();
    while let [tag, after @ ..] = rest {
        let (len, after) = match after {
            [len @ 0..=0x7F, after @ ..] => (usize::from(*len), after),
            [0x81, len, after @ ..] => (usize::from(*len), after),
            [0x82, high, low, after @ ..] => (usize::from(*high) << 8 | usize::from(*low), after),
            _ => return None,
        };
        if tag & 0x1F == 0x1F {
            return None;
        }
        let (value, after) = after.split_at_checked(len)?;
        found.push(Object { tag: *tag, value });
        rest = after;
    }
    Some(found)
}

/// Reads the template of CREATE FILE.
pub(super) fn read(data: &[u8]) -> Result<Wanted, Sw> {
    wanted(data).ok_or(status::WRONG_DATA)
}

fn wanted(data: &[u8]) -> Option<Wanted> {
    let outer = objects(data)?;
    let [Object { tag: 0x62 | 0x6F, value }] = outer.as_slice() else { return None };
    let inner = objects(value)?;
    let find = |tag: u8| inner.iter().find(|o| o.tag == tag).map(|o| o.value);
    // Rules this card can't hold to are not taken, rather than taken and not held to.
    let rules_in_other_forms = inner.iter().any(|o| matches!(o.tag, 0x86 | 0x8B | 0x8E | 0xA0 | 0xA1 | 0xAB));
    let repeated = inner.iter().enumerate().any(|(i, o)| inner[..i].iter().any(|other| other.tag == o.tag));
    if rules_in_other_forms || repeated {
        return None;
    }
    let id = u16::from_be_bytes(find(0x83)?.try_into().ok()?);
    let descriptor = find(0x82)?;
    if matches!(id, 0x0000 | 0x3F00 | 0x3FFF | 0xFFFF) {
        return None;
    }
    if descriptor.first()? & KIND_BITS == DF {
        let name = find(0x84).unwrap_or_default();
        return (descriptor.len() == 1 && name.len() <= 16).then(|| Wanted::Folder { id, name: name.to_vec() });
    }
    let content = content(descriptor, find(0x80))?;
    let access = find(0x8C).map_or(Some(Access::FREE), access)?;
    Some(Wanted::File(File { id, sfi: short_id(find(0x88), id)?, activated: false, access, content }))
}

fn content(descriptor: &[u8], size: Option<&[u8]>) -> Option<Content> {
    if descriptor.first()? & KIND_BITS == TRANSPARENT {
        let len = number(size?)?;
        return (descriptor.len() <= 2).then(|| Content::Transparent(vec![0; len]));
    }
    let [kind, _, longest @ ..] = descriptor else { return None };
    let (longest, most) = match longest {
        [high, low, count] => (u16::from_be_bytes([*high, *low]), u16::from(*count)),
        [high, low, more, count] => (u16::from_be_bytes([*high, *low]), u16::from_be_bytes([*more, *count])),
        _ => return None,
    };
    let form = match kind & KIND_BITS {
        LINEAR_FIXED => Form::Fixed,
        LINEAR_VARIABLE => Form::Variable,
        LINEAR_VARIABLE_TLV => Form::VariableTlv,
        _ => return None,
    };
    let (longest, most) = (usize::from(longest), usize::from(most));
    // Records of fixed length are all there from the start; others come when they are written.
    let records = if form == Form::Fixed { vec![vec![0; longest]; most] } else { Vec::new() };
    ((1..=255).contains(&longest) && (1..=254).contains(&most)).then_some(Content::Records(Records { form, longest, most, records }))
}

fn number(value: &[u8]) -> Option<usize> {
    let fits = (1..=SIZE_BYTES_MAX).contains(&value.len());
    fits.then(|| value.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)))
}

/// Without the object the identifier's low five bits are the short one; with an empty object there is none.
fn short_id(value: Option<&[u8]>, id: u16) -> Option<Option<u8>> {
    match value {
        None => Some(Some((id & 0x1F) as u8).filter(|s| (1..=30).contains(s))),
        Some([]) => Some(None),
        Some([byte]) if byte & 0x07 == 0 && (1..=30).contains(&(byte >> 3)) => Some(Some(byte >> 3)),
        Some(_) => None,
    }
}

/// Compact form: a byte for every bit set of the access mode, the highest first. What isn't mentioned nobody may do.
fn access(value: &[u8]) -> Option<Access> {
    let (mode, conditions) = value.split_first()?;
    if mode & 0x80 != 0 || mode.count_ones() as usize != conditions.len() {
        return None;
    }
    let mut access = Access::NEVER;
    let bits = (0..7u8).rev().filter(|bit| mode >> bit & 1 == 1);
    for (bit, condition) in bits.zip(conditions) {
        match bit {
            0 => access.read = Condition(*condition),
            1 => access.update = Condition(*condition),
            2 => access.append = Condition(*condition),
            _ => {}
        }
    }
    Some(access)
}

/// Parameters of a folder, without the template around them.
pub(super) fn of_folder(folder: &Folder) -> Vec<u8> {
    let mut out = Vec::new();
    put(0x82, &[DF], &mut out);
    put(0x83, &folder.id.to_be_bytes(), &mut out);
    if !folder.name.is_empty() {
        put(0x84, &folder.name, &mut out);
    }
    put(0x8A, &[life(folder.activated)], &mut out);
    out
}

/// Parameters of a file, without the template around them.
pub(super) fn of_file(file: &File) -> Vec<u8> {
    let mut out = Vec::new();
    let (size, descriptor) = match &file.content {
        Content::Transparent(bytes) => (bytes.len(), vec![TRANSPARENT]),
        Content::Records(r) => (r.records.iter().map(Vec::len).sum(), record_descriptor(r)),
    };
    put(0x80, &(size as u16).to_be_bytes(), &mut out);
    put(0x82, &descriptor, &mut out);
    put(0x83, &file.id.to_be_bytes(), &mut out);
    put(0x88, file.sfi.map(|sfi| sfi << 3).as_slice(), &mut out);
    put(0x8A, &[life(file.activated)], &mut out);
    out
}

fn record_descriptor(r: &Records) -> Vec<u8> {
    let kind = match r.form {
        Form::Fixed => LINEAR_FIXED,
        Form::Variable => LINEAR_VARIABLE,
        Form::VariableTlv => LINEAR_VARIABLE_TLV,
    };
    vec![kind, BYTE_UNITS, (r.longest >> 8) as u8, r.longest as u8, r.records.len() as u8]
}

/// Initialisation, or operational and activated.
fn life(activated: bool) -> u8 {
    if activated { 0x05 } else { 0x03 }
}

fn put(tag: u8, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&[tag, value.len() as u8]);
    out.extend_from_slice(value);
}
