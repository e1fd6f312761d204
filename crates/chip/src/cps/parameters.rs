//! What a data group says of a folder, a file or a key: templates 62 (ISO 7816-4 §7.4.3) and B9, written and read.

use card::profile::chip::{ChipKey, KeyAlgorithm, KeyUse};

use super::bytes::Cursor;
use super::{DGI_CREATE, KEY_TEMPLATE_BYTES};
use crate::cps::bytes::put_group_head;
use crate::image::{Content, FileImage, Permission, Permissions};
use crate::problem::ChipProblem;

const FOLDER: u8 = 0x38;
const TRANSPARENT: u8 = 0x01;
/// Linear, records of variable length, each a TLV object; then the coding of data.
const RECORDS: [u8; 2] = [0x05, 0x01];
/// Access mode of the compact form (ISO 7816-4 §5.4.3.1): update (bit 2) and read (bit 1); their conditions follow in this order.
const UPDATE_AND_READ: u8 = 0x03;
const ANYONE: u8 = 0x00;
const NOBODY: u8 = 0xFF;
/// External authentication (bit 6), in the security environment (bits 4–1) that has the number of its key.
const EXTERNAL_AUTHENTICATION: u8 = 0x20;
const ENVIRONMENT_MAX: u8 = 0x0E;

/// # Errors
/// The compact form can't hold the key's id.
pub fn condition_byte(permission: Permission) -> Result<u8, ChipProblem> {
    match permission {
        Permission::Free => Ok(ANYONE),
        Permission::Never => Ok(NOBODY),
        Permission::Key(id @ 1..=ENVIRONMENT_MAX) => Ok(EXTERNAL_AUTHENTICATION | id),
        Permission::Key(id) => Err(ChipProblem::new("access", format!("key {id:02X}, at most {ENVIRONMENT_MAX:02X}"))),
    }
}

fn permission_of(byte: u8) -> Result<Permission, String> {
    match byte {
        ANYONE => Ok(Permission::Free),
        NOBODY => Ok(Permission::Never),
        _ => {
            let id = byte ^ EXTERNAL_AUTHENTICATION;
            if (1..=ENVIRONMENT_MAX).contains(&id) { Ok(Permission::Key(id)) } else { Err(format!("unknown access condition {byte:02X}")) }
        }
    }
}

/// `62 L { 82 01 38 · 84 L name }`: a folder, found or made, current from here on.
pub fn put_folder(name: &[u8], out: &mut Vec<u8>) -> Result<(), ChipProblem> {
    put_group_head(DGI_CREATE, 7 + name.len(), out)?;
    out.extend_from_slice(&[0x62, 5 + name.len() as u8, 0x82, 0x01, FOLDER, 0x84, name.len() as u8]);
    out.extend_from_slice(name);
    Ok(())
}

/// Bytes of a file's content as the chip stores it.
fn size_of(content: &Content) -> usize {
    match content {
        Content::Transparent(bytes) => bytes.len(),
        Content::Reserved { size_bytes } => usize::from(*size_bytes),
        Content::Records(records) => records.iter().map(|r| r.value.len() + 2).sum(),
    }
}

/// `62 L { 80 02 size · 82 L descriptor · 83 02 id · 88 01 short id · 8C 03 access }`.
pub fn put_file(file: &FileImage, out: &mut Vec<u8>) -> Result<(), ChipProblem> {
    let too_large = |_| ChipProblem::new("file", "over 65,535 bytes");
    let size = u16::try_from(size_of(&file.content)).map_err(too_large)?.to_be_bytes();
    let head = |descriptor: usize, out: &mut Vec<u8>| {
        put_group_head(DGI_CREATE, 20 + descriptor, out)?;
        out.extend_from_slice(&[0x62, 18 + descriptor as u8, 0x80, 0x02, size[0], size[1], 0x82, descriptor as u8]);
        Ok::<(), ChipProblem>(())
    };
    match &file.content {
        Content::Transparent(_) | Content::Reserved { .. } => {
            head(1, out)?;
            out.push(TRANSPARENT);
        }
        Content::Records(records) => {
            let longest = records.iter().map(|r| r.value.len() + 2).max().unwrap_or(0);
            let count = u8::try_from(records.len()).map_err(too_large)?;
            head(5, out)?;
            out.extend_from_slice(&RECORDS);
            out.extend_from_slice(&u16::try_from(longest).map_err(too_large)?.to_be_bytes());
            out.push(count);
        }
    }
    let [read, update] = [condition_byte(file.access.read)?, condition_byte(file.access.update)?];
    out.extend_from_slice(&[0x83, 0x02]);
    out.extend_from_slice(&file.id.to_be_bytes());
    out.extend_from_slice(&[0x88, 0x01, file.sfi << 3, 0x8C, 0x03, UPDATE_AND_READ, update, read]);
    Ok(())
}

/// What a template 62 makes.
pub enum Parameters<'a> {
    Folder(&'a [u8]),
    File(FileParameters),
}

pub struct FileParameters {
    pub id: u16,
    pub sfi: u8,
    pub access: Permissions,
    pub size: u16,
    /// Longest record and number of records; `None` for a transparent file.
    pub records: Option<(usize, usize)>,
}

/// # Errors
/// The template is not one of the two forms written here.
pub fn read_parameters(value: &[u8]) -> Result<Parameters<'_>, String> {
    let mut outer = Cursor { rest: value };
    outer.exactly(&[0x62], "a file control parameter template")?;
    let mut inner = outer.part_ber()?;
    outer.done("template 62")?;
    if inner.rest.starts_with(&[0x82, 0x01, FOLDER]) {
        inner.take(3)?;
        let name = object(&mut inner, 0x84)?;
        inner.done("template 62")?;
        return if (1..=16).contains(&name.len()) { Ok(Parameters::Folder(name)) } else { Err("a folder's name is 1-16 bytes".to_owned()) };
    }
    let size = u16::from_be_bytes(sized(&mut inner, 0x80)?);
    let descriptor = object(&mut inner, 0x82)?;
    let id = u16::from_be_bytes(sized(&mut inner, 0x83)?);
    let [sfi] = sized(&mut inner, 0x88)?;
    let [mode, update, read] = sized(&mut inner, 0x8C)?;
    inner.done("template 62")?;
    let records = match *descriptor {
        [TRANSPARENT] => None,
        [kind, coding, l1, l0, count] if [kind, coding] == RECORDS => Some((usize::from(u16::from_be_bytes([l1, l0])), usize::from(count))),
        _ => return Err("unknown kind of file".to_owned()),
    };
    if sfi & 0x07 != 0 || !(1..=30).contains(&(sfi >> 3)) || mode != UPDATE_AND_READ {
        return Err("file control parameters that are never written".to_owned());
    }
    Ok(Parameters::File(FileParameters {
        id,
        sfi: sfi >> 3,
        access: Permissions { read: permission_of(read)?, update: permission_of(update)? },
        size,
        records,
    }))
}

fn object<'a>(cursor: &mut Cursor<'a>, tag: u8) -> Result<&'a [u8], String> {
    cursor.exactly(&[tag], &format!("object {tag:02X}"))?;
    cursor.part8().map(|part| part.rest)
}

fn sized<const N: usize>(cursor: &mut Cursor, tag: u8) -> Result<[u8; N], String> {
    object(cursor, tag)?.try_into().map_err(|_| format!("object {tag:02X} has another length"))
}

/// A key of the card as its template says: what it is and what it is for, in the order of the keys' values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyParameters {
    pub id: u8,
    pub version: u8,
    pub algorithm: KeyAlgorithm,
    pub purpose: KeyUse,
}

/// Usage qualifiers (ISO 7816-4, tag 95): internal, external authentication; verification of what comes in a command's data.
const USES: [(KeyUse, u8); 3] = [(KeyUse::InternalAuthentication, 0x40), (KeyUse::ExternalAuthentication, 0x80), (KeyUse::Maintenance, 0x90)];
/// The card's own marks of its ciphers (card-and-rules.md 6.1).
const ALGORITHMS: [(KeyAlgorithm, u8); 2] = [(KeyAlgorithm::TripleDes, 0x01), (KeyAlgorithm::Sm4, 0x03)];
const KEY_BYTES: u8 = 16;

/// `B9 0F { 95 01 use · 80 01 algorithm · 81 01 length · 82 01 id · 83 01 version }`.
///
/// # Errors
/// The id is not two hex digits.
pub fn key_template(key: &ChipKey) -> Result<[u8; KEY_TEMPLATE_BYTES], ChipProblem> {
    let id = u8::from_str_radix(&key.id, 16).map_err(|_| ChipProblem::new(&key.name, "id is not two hex digits"))?;
    let of = |pairs: &[(KeyUse, u8)]| pairs.iter().find(|(purpose, _)| *purpose == key.purpose).map_or(0, |(_, byte)| *byte);
    let algorithm = ALGORITHMS.iter().find(|(algorithm, _)| *algorithm == key.algorithm).map_or(0, |(_, byte)| *byte);
    Ok([0xB9, 15, 0x95, 1, of(&USES), 0x80, 1, algorithm, 0x81, 1, KEY_BYTES, 0x82, 1, id, 0x83, 1, key.version])
}

/// # Errors
/// The template is not of the form written here.
pub fn read_key_template(template: &[u8; KEY_TEMPLATE_BYTES]) -> Result<KeyParameters, String> {
    let [0xB9, 15, 0x95, 1, purpose, 0x80, 1, algorithm, 0x81, 1, KEY_BYTES, 0x82, 1, id, 0x83, 1, version] = *template else {
        return Err("not a key's template".to_owned());
    };
    let purpose = USES.iter().find(|(_, byte)| *byte == purpose).map(|(of, _)| *of);
    let algorithm = ALGORITHMS.iter().find(|(_, byte)| *byte == algorithm).map(|(of, _)| *of);
    let (Some(purpose), Some(algorithm)) = (purpose, algorithm) else { return Err("a key of unknown use or algorithm".to_owned()) };
    Ok(KeyParameters { id, version, algorithm, purpose })
}
