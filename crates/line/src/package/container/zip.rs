//! The files of a zip, read in one pass from the first byte to the directory: each must begin exactly where the one before ended.

use std::io::{BufReader, Read, SeekFrom};

use card::Code;
use flate2::{Decompress, FlushDecompress, Status};

use super::flow::{CHUNK_BYTES, read_exact};
use super::intake::{Admitted, Gathered, Intake, Storing};
use super::zip_directory::{FLAG_DESCRIPTOR, Member, Reader, check_local, read_directory, read_end, u32_at};
use crate::package::finding::{Halt, refuse};
use crate::package::limits::PackageLimits;
use crate::package::name::Part;

const DESCRIPTOR_MAGIC: [u8; 4] = *b"PK\x07\x08";
const TYPE_FILE: u32 = 0o100_000;
const TYPE_FOLDER: u32 = 0o040_000;

pub(super) fn read(mut reader: Reader, len_bytes: u64, intake: &mut Intake) -> Result<(), Halt> {
    let end = read_end(&mut reader, len_bytes, intake.limits)?;
    let members = read_directory(&mut reader, &end)?;
    let mut gathered = Gathered::new();
    let mut admitted = Vec::with_capacity(members.len());
    for member in &members {
        admitted.extend(gathered.keep(admit(member, intake))?);
    }
    gathered.end()?;
    reader.seek(SeekFrom::Start(0))?;
    let mut body = BufReader::with_capacity(CHUNK_BYTES, reader);
    let mut at = 0;
    for (i, (member, file)) in members.iter().zip(&admitted).enumerate() {
        let until = members.get(i + 1).map_or(end.directory_at, |next| next.offset);
        at = read_member(&mut body, member, file, at..until, intake)?;
    }
    if at == end.directory_at { Ok(()) } else { Err(overlap("zip directory", at, end.directory_at)) }
}

fn admit(member: &Member, intake: &mut Intake) -> Result<Admitted, Halt> {
    let file = intake.admit(&member.name)?;
    let folder = file.part == Part::Folder;
    if !matches!(member.file_type, 0 | TYPE_FILE | TYPE_FOLDER) {
        return Err(refuse(&file.place, Code::Pkg08, "a link or device", "plain files"));
    }
    if folder != member.name.ends_with(b"/") || folder && member.plain_bytes != 0 || !folder && member.file_type == TYPE_FOLDER {
        return Err(refuse(&file.place, Code::Pkg06, "a folder and a file don't share a name", "photos/"));
    }
    if !folder {
        intake.declare(&file, member.plain_bytes)?;
        check_ratio(member, &file, intake.limits)?;
    }
    Ok(file)
}

fn check_ratio(member: &Member, file: &Admitted, limits: &PackageLimits) -> Result<(), Halt> {
    let allowed = member.packed_bytes.saturating_mul(limits.ratio_max).max(limits.ratio_free_bytes);
    if member.plain_bytes <= allowed {
        return Ok(());
    }
    Err(refuse(&file.place, Code::Pkg05, format!("{} bytes out of {}", member.plain_bytes, member.packed_bytes), format!("{} : 1", limits.ratio_max)))
}

/// Reads one file that must fill `span` exactly; returns where it ended.
fn read_member(body: &mut impl Read, member: &Member, file: &Admitted, span: std::ops::Range<u64>, intake: &mut Intake) -> Result<u64, Halt> {
    if member.offset != span.start {
        return Err(overlap(&file.place, span.start, member.offset));
    }
    let data_at = span.start + check_local(body, member, &file.place)?;
    let data_end = data_at + member.packed_bytes;
    if data_end > span.end {
        return Err(overlap(&file.place, data_end, span.end));
    }
    if file.part != Part::Folder {
        copy(body, member, file, intake)?;
    } else if member.packed_bytes != 0 {
        return Err(refuse(&file.place, Code::Pkg06, "a folder with content", "none"));
    }
    let descriptor_bytes = check_descriptor(body, member, span.end - data_end, &file.place)?;
    Ok(data_end + descriptor_bytes)
}

fn overlap(place: &str, at: u64, wanted: u64) -> Halt {
    refuse(place, Code::Pkg06, format!("ends at byte {at}, the next begins at {wanted}"), "no gap and no overlap")
}

fn copy(body: &mut impl Read, member: &Member, file: &Admitted, intake: &mut Intake) -> Result<(), Halt> {
    let mut storing = intake.begin(file)?;
    let mut crc = crc32fast::Hasher::new();
    if member.method == 0 {
        copy_stored(body, member, file, &mut storing, &mut crc)?;
    } else {
        copy_deflated(body, member, file, &mut storing, &mut crc)?;
    }
    if storing.len_bytes != member.plain_bytes {
        return Err(refuse(&file.place, Code::Pkg03, format!("{} bytes", storing.len_bytes), format!("{} bytes", member.plain_bytes)));
    }
    if crc.finalize() != member.crc {
        return Err(refuse(&file.place, Code::Pkg03, "a wrong check sum", "undamaged"));
    }
    storing.end()
}

fn copy_stored(body: &mut impl Read, member: &Member, file: &Admitted, storing: &mut Storing, crc: &mut crc32fast::Hasher) -> Result<(), Halt> {
    let mut chunk = vec![0; CHUNK_BYTES];
    while storing.len_bytes < member.plain_bytes {
        let take = (member.plain_bytes - storing.len_bytes).min(CHUNK_BYTES as u64) as usize;
        read_exact(body, &mut chunk[..take], &file.place)?;
        crc.update(&chunk[..take]);
        storing.write(&chunk[..take])?;
    }
    Ok(())
}

/// Inflates exactly `packed_bytes`; one byte more than declared is a bomb, compressed bytes left over are inconsistent.
fn copy_deflated(body: &mut impl Read, member: &Member, file: &Admitted, storing: &mut Storing, crc: &mut crc32fast::Hasher) -> Result<(), Halt> {
    let damaged = || refuse(&file.place, Code::Pkg03, "damaged deflate data", "undamaged");
    let mut inflate = Decompress::new(false);
    let (mut packed, mut plain) = (vec![0; CHUNK_BYTES], vec![0; CHUNK_BYTES]);
    let (mut from, mut to, mut left) = (0, 0, member.packed_bytes);
    loop {
        if from == to && left > 0 {
            (from, to) = (0, left.min(CHUNK_BYTES as u64) as usize);
            read_exact(body, &mut packed[..to], &file.place)?;
            left -= to as u64;
        }
        let before = (inflate.total_in(), inflate.total_out());
        let status = inflate.decompress(&packed[from..to], &mut plain, FlushDecompress::None).map_err(|_| damaged())?;
        let (read, wrote) = ((inflate.total_in() - before.0) as usize, (inflate.total_out() - before.1) as usize);
        from += read;
        if storing.len_bytes + wrote as u64 > member.plain_bytes {
            return Err(refuse(&file.place, Code::Pkg05, format!("more than {} bytes", member.plain_bytes), "the size declared"));
        }
        crc.update(&plain[..wrote]);
        storing.write(&plain[..wrote])?;
        match status {
            Status::StreamEnd if from == to && left == 0 => return Ok(()),
            Status::StreamEnd => return Err(refuse(&file.place, Code::Pkg06, "bytes after the end of the deflate data", "none")),
            _ if read == 0 && wrote == 0 => return Err(damaged()),
            _ => {}
        }
    }
}

/// The data descriptor, with or without its mark, where the flags promise one.
fn check_descriptor(body: &mut impl Read, member: &Member, bytes: u64, place: &str) -> Result<u64, Halt> {
    if member.flags & FLAG_DESCRIPTOR == 0 {
        return Ok(0);
    }
    if bytes != 12 && bytes != 16 {
        return Err(refuse(place, Code::Pkg06, format!("a data descriptor of {bytes} bytes"), "12 or 16 bytes"));
    }
    let mut descriptor = vec![0; bytes as usize];
    read_exact(body, &mut descriptor, place)?;
    let fields = &descriptor[bytes as usize - 12..];
    let marked = bytes == 12 || descriptor[..4] == DESCRIPTOR_MAGIC;
    let agree = u32_at(fields, 0) == member.crc && u64::from(u32_at(fields, 4)) == member.packed_bytes && u64::from(u32_at(fields, 8)) == member.plain_bytes;
    if marked && agree { Ok(bytes) } else { Err(refuse(place, Code::Pkg06, "data descriptor and directory differ", "equal")) }
}
