//! The data groups of one application, in the order they have to come: its folder, each file and its content, the keys, the MAC.

use super::bytes::Cursor;
use super::parameters::{FileParameters, KeyParameters, Parameters, read_key_template, read_parameters};
use super::read::{CpsCard, Expected};
use super::*;
use crate::image::{ChipRecordImage, Content, FileImage, Permissions};
use crate::keys::CHECK_BYTES;

/// A file as the encode file makes it; its content borrows. Personal: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct CpsFile<'a> {
    pub id: u16,
    pub sfi: u8,
    pub access: Permissions,
    pub content: CpsContent<'a>,
}

#[derive(Clone, PartialEq, Eq)]
pub enum CpsContent<'a> {
    /// Tag and value, in order.
    Records(Vec<(u8, &'a [u8])>),
    Transparent(&'a [u8]),
    /// Made and not written.
    Reserved {
        size_bytes: u16,
    },
}

/// The keys of one application: what they are, their cryptogram under the transport key, their check values.
#[derive(Clone, PartialEq, Eq)]
pub struct CpsKeys<'a> {
    pub keys: Vec<(KeyParameters, [u8; CHECK_BYTES])>,
    pub cryptogram: &'a [u8],
}

/// Everything in a stream.
pub(super) struct Stream<'a> {
    pub files: Vec<CpsFile<'a>>,
    pub keys: Option<CpsKeys<'a>>,
    pub mac: Option<&'a [u8; MAC_BYTES]>,
}

/// The files a card's groups make: what a chip would hold after them.
#[must_use]
pub fn files_of(card: &CpsCard) -> Vec<FileImage> {
    let of_module = |module: &CpsModule| module.files.iter().map(|file| image_of(module.name, file)).collect::<Vec<_>>();
    card.modules.iter().flat_map(of_module).collect()
}

fn image_of(folder: &[u8], file: &CpsFile) -> FileImage {
    let record = |(tag, value): &(u8, &[u8])| ChipRecordImage { tag: *tag, value: value.to_vec() };
    let content = match &file.content {
        CpsContent::Records(records) => Content::Records(records.iter().map(record).collect()),
        CpsContent::Transparent(bytes) => Content::Transparent(bytes.to_vec()),
        CpsContent::Reserved { size_bytes } => Content::Reserved { size_bytes: *size_bytes },
    };
    FileImage { folder: folder.to_vec(), id: file.id, sfi: file.sfi, access: file.access, content }
}

/// Reads a stream to its last byte.
///
/// # Errors
/// A group is unknown, out of order, twice, missing or not what its file or the declared keys say.
pub(super) fn read_stream<'a>(stream: &'a [u8], name: &[u8], expected: &Expected) -> Result<Stream<'a>, String> {
    let mut groups = Groups::open(stream)?;
    match read_parameters(groups.expect(DGI_CREATE)?)? {
        Parameters::Folder(folder) if folder == name => {}
        _ => return Err("its folder is not made first".to_owned()),
    }
    let mut files: Vec<CpsFile> = Vec::new();
    while let Some((DGI_CREATE, value)) = groups.next {
        groups.step()?;
        let Parameters::File(parameters) = read_parameters(value)? else { return Err("another folder".to_owned()) };
        if files.iter().any(|f| f.sfi == parameters.sfi || f.id == parameters.id) {
            return Err("a file made twice".to_owned());
        }
        files.push(read_file(&mut groups, &parameters)?);
    }
    let keys = if expected.keys { Some(read_keys(&mut groups, expected)?) } else { None };
    let mac = if expected.mac { Some(groups.expect(DGI_MAC)?.try_into().map_err(|_| "a MAC of another length")?) } else { None };
    match groups.next {
        None => Ok(Stream { files, keys, mac }),
        Some((dgi, _)) => Err(format!("data group {dgi:04X} unknown or out of order")),
    }
}

/// The groups of a stream, with a look at the next one.
struct Groups<'a> {
    cursor: Cursor<'a>,
    next: Option<(u16, &'a [u8])>,
}

impl<'a> Groups<'a> {
    fn open(stream: &'a [u8]) -> Result<Self, String> {
        let mut groups = Self { cursor: Cursor { rest: stream }, next: None };
        groups.step()?;
        Ok(groups)
    }

    fn step(&mut self) -> Result<(), String> {
        self.next = if self.cursor.rest.is_empty() { None } else { Some(self.cursor.group()?) };
        Ok(())
    }

    fn expect(&mut self, wanted: u16) -> Result<&'a [u8], String> {
        match self.next {
            Some((dgi, value)) if dgi == wanted => self.step().map(|()| value),
            Some((dgi, _)) => Err(format!("data group {dgi:04X} where {wanted:04X} belongs")),
            None => Err(format!("data group {wanted:04X} is missing")),
        }
    }
}

fn read_file<'a>(groups: &mut Groups<'a>, parameters: &FileParameters) -> Result<CpsFile<'a>, String> {
    let of_file = |low: u8| u16::from(parameters.sfi) << 8 | u16::from(low);
    let content = match parameters.records {
        None if groups.next.is_some_and(|(dgi, _)| dgi == of_file(0)) => CpsContent::Transparent(groups.expect(of_file(0))?),
        None => CpsContent::Reserved { size_bytes: parameters.size },
        Some((longest, count)) => {
            let mut records: Vec<(u8, &[u8])> = Vec::with_capacity(count);
            while let Some((dgi, value)) = groups.next.filter(|(dgi, _)| dgi >> 8 == u16::from(parameters.sfi)) {
                groups.step()?;
                records.push(read_record(dgi as u8, value, &records)?);
            }
            let found = records.iter().map(|(_, value)| value.len() + 2).max().unwrap_or(0);
            if (found, records.len()) != (longest, count) {
                return Err("records of another number or length than their file says".to_owned());
            }
            CpsContent::Records(records)
        }
    };
    let size = match &content {
        CpsContent::Transparent(bytes) => bytes.len(),
        CpsContent::Reserved { size_bytes } => usize::from(*size_bytes),
        CpsContent::Records(records) => records.iter().map(|(_, value)| value.len() + 2).sum(),
    };
    if size != usize::from(parameters.size) || size == 0 {
        return Err("a file of another size than its parameters say".to_owned());
    }
    Ok(CpsFile { id: parameters.id, sfi: parameters.sfi, access: parameters.access, content })
}

fn read_record<'a>(low: u8, group: &'a [u8], before: &[(u8, &[u8])]) -> Result<(u8, &'a [u8]), String> {
    match group {
        [tag, len @ ..0x80, value @ ..] if *tag == low && usize::from(*len) == value.len() => {
            if matches!(tag, 0 | 0xFF) || before.iter().any(|(other, _)| other == tag) {
                return Err(format!("record {tag:02X} twice, or no record"));
            }
            Ok((*tag, value))
        }
        _ => Err("a data group that is not its record".to_owned()),
    }
}

fn read_keys<'a>(groups: &mut Groups<'a>, expected: &Expected) -> Result<CpsKeys<'a>, String> {
    let (templates, []) = groups.expect(DGI_KEY_TEMPLATES)?.as_chunks::<KEY_TEMPLATE_BYTES>() else {
        return Err("templates of keys of another length".to_owned());
    };
    let cryptogram = groups.expect(DGI_KEYS)?;
    let (checks, []) = groups.expect(DGI_CHECKS)?.as_chunks::<CHECK_BYTES>() else { return Err("check values of another length".to_owned()) };
    let wanted = expected.mode.map(|mode| mode.cryptogram_bytes(templates.len()));
    if checks.len() != templates.len() || wanted != Some(cryptogram.len()) {
        return Err("keys, check values and templates are not as many".to_owned());
    }
    let keys: Vec<(KeyParameters, [u8; CHECK_BYTES])> =
        templates.iter().zip(checks).map(|(template, check)| Ok((read_key_template(template)?, *check))).collect::<Result<_, String>>()?;
    let twice = keys.iter().enumerate().any(|(n, (key, _))| keys[..n].iter().any(|(other, _)| other.id == key.id));
    if twice { Err("a key twice".to_owned()) } else { Ok(CpsKeys { keys, cryptogram }) }
}
