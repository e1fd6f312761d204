//! Writes the containers: `.zip`, `.tar`, `.tar.zst` and folders. No time, owner or order of the machine gets in.

use std::io::{self, Seek, Write};

use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use crate::package::container::{ArchiveKind, Sink};
use crate::package::name::PHOTO_FOLDER;

/// Level of zstd: photos hardly shrink, records do at any level.
const ZSTD_LEVEL: i32 = 3;
const FILE_MODE: u32 = 0o644;

/// A container being written: files in the order they are added.
pub trait Packer {
    fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// A packer of one of the archive kinds, writing to `out`.
///
/// # Errors
/// The zstd encoder can't be had.
pub fn archive_packer<'w, W: Write + Seek>(kind: ArchiveKind, out: &'w mut W) -> io::Result<Box<dyn Packer + 'w>> {
    Ok(match kind {
        ArchiveKind::Zip => Box::new(ZipPacker(zip::ZipWriter::new(out))),
        ArchiveKind::Tar => Box::new(TarPacker(tar::Builder::new(out))),
        ArchiveKind::TarZst => {
            let mut encoder = zstd::Encoder::new(out, ZSTD_LEVEL)?;
            encoder.include_checksum(true)?;
            Box::new(ZstPacker(tar::Builder::new(encoder)))
        }
    })
}

struct ZipPacker<W: Write + Seek>(zip::ZipWriter<W>);

impl<W: Write + Seek> Packer for ZipPacker<W> {
    fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let method = if name.starts_with(PHOTO_FOLDER) { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let options = SimpleFileOptions::default().compression_method(method).last_modified_time(zip::DateTime::default()).unix_permissions(FILE_MODE);
        self.0.start_file(name, options)?;
        self.0.write_all(bytes)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(self.0.finish().map(drop)?)
    }
}

fn tar_add<W: Write>(tar: &mut tar::Builder<W>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(FILE_MODE);
    header.set_mtime(0);
    tar.append_data(&mut header, name, bytes)
}

struct TarPacker<W: Write>(tar::Builder<W>);

impl<W: Write> Packer for TarPacker<W> {
    fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        tar_add(&mut self.0, name, bytes)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.into_inner()?.flush()
    }
}

struct ZstPacker<W: Write>(tar::Builder<zstd::Encoder<'static, W>>);

impl<W: Write> Packer for ZstPacker<W> {
    fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        tar_add(&mut self.0, name, bytes)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.into_inner()?.finish()?.flush()
    }
}

/// A package as files in a folder: the sink creates them.
pub struct FolderPacker<'s>(pub &'s mut dyn Sink);

impl Packer for FolderPacker<'_> {
    fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.0.begin(name)?;
        self.0.write(bytes)?;
        self.0.end()
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}
