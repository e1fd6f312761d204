//! File control parameters (ISO 7816-4 §7.4) of the folders and files a script creates.

use super::script::RecordForm;
use crate::image::{Content, Permission};
use crate::problem::ChipProblem;

const TEMPLATE: u8 = 0x62;
/// Descriptors: a folder; a transparent file; records of fixed length; records of their own length, each a TLV object.
const FOLDER: u8 = 0x38;
const TRANSPARENT: u8 = 0x01;
const LINEAR_FIXED: u8 = 0x02;
const LINEAR_VARIABLE_TLV: u8 = 0x05;
/// Data coding: units of one byte.
const BYTE_UNITS: u8 = 0x21;
/// Access mode, compact form: READ, and UPDATE with ERASE.
const MODE_READ: u8 = 0x01;
const MODE_UPDATE: u8 = 0x02;
const NEVER: u8 = 0xFF;
const FREE: u8 = 0x00;
/// External authentication; the low half is the security environment that names the key.
const EXTERNAL_AUTHENTICATION: u8 = 0x20;
/// Security environments 1 to 14 can be named.
const ENVIRONMENT_MAX: u8 = 0x0E;

/// The security condition byte of a permission; `opens` says whether a key may stand in one.
pub(super) fn condition_byte(permission: Permission, opens: impl Fn(u8) -> bool) -> Result<u8, ChipProblem> {
    match permission {
        Permission::Free => Ok(FREE),
        Permission::Never => Ok(NEVER),
        Permission::Key(id) if (1..=ENVIRONMENT_MAX).contains(&id) && opens(id) => Ok(EXTERNAL_AUTHENTICATION | id),
        Permission::Key(id) => Err(ChipProblem::new("access", format!("key {id:02X} is none of the file's folder with an id from 01 to 0E"))),
    }
}

/// Security condition bytes of a file.
#[derive(Clone, Copy)]
pub(super) struct Security {
    pub(super) read: u8,
    pub(super) update: u8,
}

/// `62 { 82 01 38 · 83 02 id · 84 L name }`.
pub(super) fn folder_parameters(id: u16, name: &[u8]) -> Result<Vec<u8>, ChipProblem> {
    template(&[object(0x82, &[FOLDER])?, object(0x83, &id.to_be_bytes())?, object(0x84, name)?])
}

/// `62 { 82 descriptor · 83 02 id · [80 02 size] · 88 01 short id · [8C 03 access] }`. Only a transparent file states its size: records say
/// theirs in the descriptor.
pub(super) fn file_parameters(id: u16, sfi: u8, content: &Content, form: RecordForm, access: Option<Security>) -> Result<Vec<u8>, ChipProblem> {
    let mut objects = vec![object(0x82, &descriptor(content, form)?)?, object(0x83, &id.to_be_bytes())?];
    let size = match content {
        Content::Records(_) => None,
        Content::Transparent(bytes) => Some(u16::try_from(bytes.len()).map_err(|_| ChipProblem::new("file", "over 65,535 bytes"))?),
        Content::Reserved { size_bytes } => Some(*size_bytes),
    };
    if let Some(size) = size {
        objects.push(object(0x80, &size.to_be_bytes())?);
    }
    objects.push(object(0x88, &[sfi << 3])?);
    if let Some(access) = access {
        objects.push(object(0x8C, &[MODE_UPDATE | MODE_READ, access.update, access.read])?);
    }
    template(&objects)
}

fn descriptor(content: &Content, form: RecordForm) -> Result<Vec<u8>, ChipProblem> {
    let Content::Records(records) = content else { return Ok(vec![TRANSPARENT]) };
    let too_large = |_| ChipProblem::new("file", "too many or too long records");
    let longest = u16::try_from(super::pieces::longest(records)).map_err(too_large)?;
    let count = u16::try_from(records.len()).map_err(too_large)?;
    let kind = match form {
        RecordForm::Fixed => LINEAR_FIXED,
        RecordForm::VariableTlv => LINEAR_VARIABLE_TLV,
    };
    Ok([&[kind, BYTE_UNITS][..], &longest.to_be_bytes(), &count.to_be_bytes()].concat())
}

fn object(tag: u8, value: &[u8]) -> Result<Vec<u8>, ChipProblem> {
    let len = u8::try_from(value.len()).ok().filter(|len| *len < 0x80).ok_or_else(|| ChipProblem::new("file control parameters", "over 127 bytes"))?;
    Ok([&[tag, len], value].concat())
}

fn template(objects: &[Vec<u8>]) -> Result<Vec<u8>, ChipProblem> {
    object(TEMPLATE, &objects.concat())
}
