//! Writes a job's binary encode file: header, then card after card.

use card::{BatchId, Card};

use super::{CARD_MAGIC, DGI_CREATE, FILE_MAGIC, LONG_FORM_FROM, NUMBER_BYTES, PERMISSION_FREE, PERMISSION_NEVER, VERSION, size_of};
use crate::image::{ChipImage, Content, FileImage, Permission};
use crate::problem::ChipProblem;

/// The header of a job's file; `count` cards follow.
pub fn dgi_header(batch: &BatchId, job: u32, count: u32, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(FILE_MAGIC);
    out.extend_from_slice(&VERSION.to_be_bytes());
    out.extend_from_slice(batch.as_str().as_bytes());
    out.extend_from_slice(&job.to_be_bytes());
    out.extend_from_slice(&count.to_be_bytes());
    put_crc(start, out);
}

fn put_crc(start: usize, out: &mut Vec<u8>) {
    let crc = crc32c::crc32c(&out[start..]);
    out.extend_from_slice(&crc.to_be_bytes());
}

/// One card: its header, its data groups, a checksum over both. On a problem `out` is left as it was.
///
/// # Errors
/// The number isn't 9 characters, or a file is larger than a data group can be.
pub fn dgi_card(card: &Card, image: &ChipImage, out: &mut Vec<u8>) -> Result<(), ChipProblem> {
    let start = out.len();
    if card.number.len() != NUMBER_BYTES || !card.number.is_ascii() {
        return Err(ChipProblem::new("card_number", format!("{} bytes, not {NUMBER_BYTES}", card.number.len())));
    }
    out.extend_from_slice(CARD_MAGIC);
    out.extend_from_slice(&card.position.to_be_bytes());
    out.extend_from_slice(&card.generation.to_be_bytes());
    out.extend_from_slice(card.number.as_bytes());
    out.extend_from_slice(&card.record_digest.0);
    let len_at = out.len();
    out.extend_from_slice(&[0; 4]);
    if let Err(problem) = put_files(&image.files, out) {
        out.truncate(start);
        return Err(problem);
    }
    let len = u32::try_from(out.len() - len_at - 4).map_err(|_| ChipProblem::new("card", "over 4 GiB"))?;
    out[len_at..len_at + 4].copy_from_slice(&len.to_be_bytes());
    put_crc(start, out);
    Ok(())
}

fn put_files(files: &[FileImage], out: &mut Vec<u8>) -> Result<(), ChipProblem> {
    let mut folder: Option<&[u8]> = None;
    for file in files {
        if folder != Some(&file.folder) {
            put_dgi(DGI_CREATE, &folder_parameters(&file.folder), out)?;
            folder = Some(&file.folder);
        }
        put_dgi(DGI_CREATE, &file_parameters(file)?, out)?;
        put_content(file, out)?;
    }
    Ok(())
}

fn put_content(file: &FileImage, out: &mut Vec<u8>) -> Result<(), ChipProblem> {
    let dgi_of = |low: u8| u16::from(file.sfi) << 8 | u16::from(low);
    match &file.content {
        Content::Transparent(bytes) => put_dgi(dgi_of(0), bytes, out),
        Content::Reserved { .. } => Ok(()),
        Content::Records(records) => records.iter().try_for_each(|record| put_dgi(dgi_of(record.tag), &tlv(record.tag, &record.value)?, out)),
    }
}

/// `62 L { 82 01 38 · 84 L name }`: a folder, found or made, current from here on.
fn folder_parameters(name: &[u8]) -> Vec<u8> {
    let mut inner = vec![0x82, 0x01, 0x38, 0x84, name.len() as u8];
    inner.extend_from_slice(name);
    template(&inner)
}

/// `62 L { 80 02 size · 82 L descriptor · 83 02 id · 86 02 read, update · 88 01 short id }` (ISO 7816-4 §7.4.3). Records are linear variable
/// TLV; 86 is in our own format.
fn file_parameters(file: &FileImage) -> Result<Vec<u8>, ChipProblem> {
    let too_large = |_| ChipProblem::new("file", "over 65,535 bytes");
    let size = u16::try_from(size_of(&file.content)).map_err(too_large)?;
    let mut inner = vec![0x80, 0x02];
    inner.extend_from_slice(&size.to_be_bytes());
    match &file.content {
        Content::Transparent(_) | Content::Reserved { .. } => inner.extend_from_slice(&[0x82, 0x01, 0x01]),
        Content::Records(records) => {
            let longest = records.iter().map(|r| r.value.len() + 2).max().unwrap_or(0);
            let count = u8::try_from(records.len()).map_err(too_large)?;
            inner.extend_from_slice(&[0x82, 0x05, 0x05, 0x01]);
            inner.extend_from_slice(&u16::try_from(longest).map_err(too_large)?.to_be_bytes());
            inner.push(count);
        }
    }
    inner.extend_from_slice(&[0x83, 0x02]);
    inner.extend_from_slice(&file.id.to_be_bytes());
    inner.extend_from_slice(&[0x86, 0x02, permission(file.access.read), permission(file.access.update)]);
    inner.extend_from_slice(&[0x88, 0x01, file.sfi << 3]);
    Ok(template(&inner))
}

fn permission(permission: Permission) -> u8 {
    match permission {
        Permission::Free => PERMISSION_FREE,
        Permission::Never => PERMISSION_NEVER,
        Permission::Key(id) => id,
    }
}

fn template(inner: &[u8]) -> Vec<u8> {
    let mut out = vec![0x62, inner.len() as u8];
    out.extend_from_slice(inner);
    out
}

fn tlv(tag: u8, value: &[u8]) -> Result<Vec<u8>, ChipProblem> {
    let len =
        u8::try_from(value.len()).ok().filter(|len| *len < 0x80).ok_or_else(|| ChipProblem::new("record", format!("{} bytes, at most 127", value.len())))?;
    let mut out = vec![tag, len];
    out.extend_from_slice(value);
    Ok(out)
}

pub(super) fn put_dgi(dgi: u16, value: &[u8], out: &mut Vec<u8>) -> Result<(), ChipProblem> {
    out.extend_from_slice(&dgi.to_be_bytes());
    match value.len() {
        0 => return Err(ChipProblem::new("dgi", "empty")),
        len if len < LONG_FORM_FROM => out.push(len as u8),
        len => {
            let len = u16::try_from(len).map_err(|_| ChipProblem::new("dgi", format!("{len} bytes, at most 65,535")))?;
            out.push(0xFF);
            out.extend_from_slice(&len.to_be_bytes());
        }
    }
    out.extend_from_slice(value);
    Ok(())
}
