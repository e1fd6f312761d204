//! Zips no well-meaning program writes (A04–A11, A14, A17–A21), forged header by header.

use card::Code;

use crate::package::testing::{archive, codes_of, noise, package, unpacked};
use crate::package::{ArchiveKind, PackageLimits};

/// One file of a forged zip: both headers say the same until a test changes one of them.
#[derive(Clone)]
struct Forged {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    crc: u32,
    plain_bytes: u32,
    data: Vec<u8>,
    attributes: u32,
    local_name: Option<Vec<u8>>,
    local_sizes: Option<(u32, u32, u32)>,
    extra: Vec<u8>,
    after: Vec<u8>,
    offset: Option<u32>,
}

impl Forged {
    fn stored(name: &str, data: &[u8]) -> Self {
        let crc = crc32fast::hash(data);
        Self {
            name: name.as_bytes().to_vec(),
            flags: 0,
            method: 0,
            crc,
            plain_bytes: data.len() as u32,
            data: data.to_vec(),
            attributes: 0o100_644 << 16,
            local_name: None,
            local_sizes: None,
            extra: Vec::new(),
            after: Vec::new(),
            offset: None,
        }
    }

    fn deflated(name: &str, data: &[u8]) -> Self {
        use std::io::Write as _;
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(data).expect("in memory");
        Self {
            method: 8,
            data: encoder.finish().expect("in memory"),
            ..Self { plain_bytes: data.len() as u32, crc: crc32fast::hash(data), ..Self::stored(name, b"") }
        }
    }

    fn local(&self) -> Vec<u8> {
        let name = self.local_name.as_ref().unwrap_or(&self.name);
        let (crc, packed, plain) = self.local_sizes.unwrap_or((self.crc, self.data.len() as u32, self.plain_bytes));
        let mut out = b"PK\x03\x04\x14\x00".to_vec();
        for v in [self.flags, self.method, 0, 0x21] {
            out.extend_from_slice(&v.to_le_bytes());
        }
        for v in [crc, packed, plain] {
            out.extend_from_slice(&v.to_le_bytes());
        }
        out.extend_from_slice(&(name.len() as u16).to_le_bytes());
        out.extend_from_slice(&(self.extra.len() as u16).to_le_bytes());
        [out, name.clone(), self.extra.clone(), self.data.clone(), self.after.clone()].concat()
    }

    fn central(&self, offset: u32) -> Vec<u8> {
        let mut out = b"PK\x01\x02\x14\x03\x14\x00".to_vec();
        for v in [self.flags, self.method, 0, 0x21] {
            out.extend_from_slice(&v.to_le_bytes());
        }
        for v in [self.crc, self.data.len() as u32, self.plain_bytes] {
            out.extend_from_slice(&v.to_le_bytes());
        }
        for v in [self.name.len() as u16, self.extra.len() as u16, 0, 0, 0] {
            out.extend_from_slice(&v.to_le_bytes());
        }
        out.extend_from_slice(&self.attributes.to_le_bytes());
        out.extend_from_slice(&self.offset.unwrap_or(offset).to_le_bytes());
        [out, self.name.clone(), self.extra.clone()].concat()
    }
}

fn zip(files: &[Forged]) -> Vec<u8> {
    let (mut body, mut directory) = (Vec::new(), Vec::new());
    for file in files {
        directory.extend_from_slice(&file.central(body.len() as u32));
        body.extend_from_slice(&file.local());
    }
    let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
    end.extend_from_slice(&(files.len() as u16).to_le_bytes());
    end.extend_from_slice(&(files.len() as u16).to_le_bytes());
    end.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    end.extend_from_slice(&(body.len() as u32).to_le_bytes());
    end.extend_from_slice(&[0, 0]);
    [body, directory, end].concat()
}

fn codes(files: &[Forged]) -> Vec<Code> {
    codes_of(ArchiveKind::Zip, &zip(files))
}

fn photo() -> Forged {
    Forged::stored("photos/a.jpg", b"not really a photo")
}

#[test]
fn what_ordinary_zips_hold_is_read() {
    let folder = Forged { attributes: 0o040_755 << 16 | 0x10, ..Forged::stored("photos/", b"") };
    let streamed = |marked: bool| {
        let file = Forged::deflated(if marked { "applications.csv" } else { "package.json" }, b"a,b,c,a,b,c");
        let mut after = if marked { b"PK\x07\x08".to_vec() } else { Vec::new() };
        for v in [file.crc, file.data.len() as u32, file.plain_bytes] {
            after.extend_from_slice(&v.to_le_bytes());
        }
        Forged { flags: 8, local_sizes: Some((0, 0, 0)), after, ..file }
    };
    let timed = Forged { extra: b"UT\x05\x00\x01\0\0\0\0".to_vec(), ..photo() };
    let no_mode = Forged { attributes: 0, ..Forged::stored("photos/b.JPG", b"") };
    let bytes = zip(&[streamed(true), folder, streamed(false), timed, no_mode]);
    let (files, kept) = unpacked(archive(ArchiveKind::Zip, &bytes)).ok().expect("a good zip");
    assert_eq!(files.len(), 4);
    assert_eq!(kept.get("applications.csv"), b"a,b,c,a,b,c");
    assert_eq!(codes(&[]), [], "an empty zip is a container, if not a package");
}

#[test]
fn a04_comments_prefixes_and_gaps_are_refused() {
    let good = zip(&[photo()]);
    let mut commented = good.clone();
    let end = commented.len();
    commented[end - 2..].copy_from_slice(&5u16.to_le_bytes());
    assert_eq!(codes_of(ArchiveKind::Zip, &[commented.clone(), b"hello".to_vec()].concat()), [Code::Pkg04]);
    assert_eq!(codes_of(ArchiveKind::Zip, &commented), [Code::Pkg03]);
    assert_eq!(codes_of(ArchiveKind::Zip, &[b"MZ".to_vec(), good].concat()), [Code::Pkg06]);
    let gap = Forged { after: b"hidden".to_vec(), ..photo() };
    assert_eq!(codes(&[gap.clone(), Forged::stored("package.json", b"{}")]), [Code::Pkg06]);
    assert_eq!(codes(&[gap]), [Code::Pkg06]);
}

#[test]
fn a05_bombs_declared_and_undeclared() {
    let zeros = vec![0; 200 << 20];
    let declared = Forged::deflated("applications.csv", &zeros);
    assert_eq!(codes(std::slice::from_ref(&declared)), [Code::Pkg05]);
    let liar = Forged { plain_bytes: 100, ..declared };
    let bytes = zip(&[liar]);
    let mut sink = crate::package::testing::Kept::default();
    let Err(crate::package::Stop::SetAside(reasons)) = crate::package::unpack(archive(ArchiveKind::Zip, &bytes), &PackageLimits::default(), &mut sink) else {
        panic!("passed")
    };
    assert_eq!(reasons[0].code, Code::Pkg05);
    assert_eq!(sink.bytes, 0, "nothing beyond the declared size reaches the sink");
}

#[test]
fn a07_an_archive_inside() {
    assert_eq!(codes(&[Forged::stored("photos/more.zip", &package(ArchiveKind::Zip, 1))]), [Code::Pkg06]);
}

#[test]
fn a08_overlapping_files() {
    let twins = [photo(), Forged { offset: Some(0), ..Forged::stored("photos/b.jpg", b"not really a photo") }];
    assert_eq!(codes(&twins), [Code::Pkg06]);
    // A quoted overlap: the first file's data holds the second's header.
    let inner = Forged::stored("photos/b.jpg", b"inside");
    let outer = Forged::stored("photos/a.jpg", &inner.local());
    let at = (outer.local().len() - inner.local().len()) as u32;
    let bytes = zip(&[outer, Forged { offset: Some(at), ..inner }]);
    assert_eq!(codes_of(ArchiveKind::Zip, &bytes), [Code::Pkg06]);
    assert_eq!(codes(&[Forged { offset: Some(9_999_999), ..photo() }]), [Code::Pkg06]);
}

#[test]
fn a08_local_and_central_header_differ() {
    for (what, file) in [
        ("name", Forged { local_name: Some(b"photos/b.jpg".to_vec()), ..photo() }),
        ("plain size", Forged { local_sizes: Some((photo().crc, 18, 17)), ..photo() }),
        ("packed size", Forged { local_sizes: Some((photo().crc, 17, 18)), ..photo() }),
        ("check sum", Forged { local_sizes: Some((1, 18, 18)), ..photo() }),
        ("descriptor missing", Forged { flags: 8, local_sizes: Some((0, 0, 0)), ..photo() }),
        ("descriptor wrong", Forged { flags: 8, local_sizes: Some((0, 0, 0)), after: vec![1; 12], ..photo() }),
    ] {
        assert_eq!(codes(&[file]), [Code::Pkg06], "{what}");
    }
    let mut method = zip(&[photo()]);
    method[8] = 8;
    assert_eq!(codes_of(ArchiveKind::Zip, &method), [Code::Pkg06]);
}

#[test]
fn encrypted_zip64_split_and_odd_methods() {
    for flags in [1, 1 << 6, 1 << 13, 1 << 5] {
        assert_eq!(codes(&[Forged { flags, ..photo() }]), [Code::Pkg06], "flags {flags}");
    }
    for method in [1, 9, 12, 14, 93, 99] {
        assert_eq!(codes(&[Forged { method, ..photo() }]), [Code::Pkg06], "method {method}");
    }
    let zip64 = [&[1u8, 0, 16, 0][..], &[0; 16]].concat();
    assert_eq!(codes(&[Forged { extra: zip64, ..photo() }]), [Code::Pkg06]);
    let other_name = [&[0x75u8, 0x70, 6, 0, 1][..], &[0; 5]].concat();
    assert_eq!(codes(&[Forged { extra: other_name, ..photo() }]), [Code::Pkg06]);
    assert_eq!(codes(&[Forged { extra: vec![9, 9, 200, 0], ..photo() }]), [Code::Pkg06]);
    assert_eq!(codes(&[Forged { plain_bytes: 17, ..photo() }]), [Code::Pkg06], "a stored file of two sizes");
    for at in [4, 6, 8] {
        let mut split = zip(&[photo()]);
        let end = split.len() - 22;
        split[end + at] ^= 1;
        assert_eq!(codes_of(ArchiveKind::Zip, &split), [Code::Pkg06], "disk field {at}");
    }
    let mut sentinel = zip(&[photo()]);
    let end = sentinel.len() - 22;
    sentinel[end + 16..end + 20].fill(0xFF);
    assert_eq!(codes_of(ArchiveKind::Zip, &sentinel), [Code::Pkg06]);
}

#[test]
fn a03_damaged_data() {
    let mut file = Forged::deflated("applications.csv", &noise(3, 5000));
    file.data[1000] ^= 0x10;
    assert_eq!(codes(&[file]), [Code::Pkg03]);
    assert_eq!(codes(&[Forged { crc: 7, ..photo() }]), [Code::Pkg03]);
    let whole = Forged::deflated("applications.csv", b"some text, some text");
    assert_eq!(codes(&[Forged { plain_bytes: 21, ..whole.clone() }]), [Code::Pkg03]);
    assert_eq!(codes(&[Forged { plain_bytes: 19, ..whole.clone() }]), [Code::Pkg05]);
    let mut short = whole.clone();
    short.data.truncate(5);
    assert_eq!(codes(&[short]), [Code::Pkg03]);
    let mut long = whole;
    long.data.push(0);
    assert_eq!(codes(&[long]), [Code::Pkg06]);
}

#[test]
fn a09_a10_a20_a21_names() {
    for (name, code) in [
        ("../x", Code::Pkg07),
        ("/etc/passwd", Code::Pkg07),
        ("photos\\a.jpg", Code::Pkg07),
        ("C:\\x", Code::Pkg07),
        ("photos/a\u{202e}.jpg", Code::Pkg15),
        ("photos/aux.jpg", Code::Pkg15),
        ("photos/a\0.jpg", Code::Pkg15),
        ("package.json/", Code::Pkg15),
    ] {
        assert_eq!(codes(&[Forged::stored(name, b"x")]), [code], "{name:?}");
    }
    let long = Forged::stored(&"x".repeat(2000), b"x");
    assert_eq!(codes(&[long]), [Code::Pkg15]);
}

#[test]
fn a11_links_and_devices() {
    for mode in [0o120_777u32, 0o020_644, 0o060_644, 0o010_644, 0o140_644] {
        assert_eq!(codes(&[Forged { attributes: mode << 16, ..photo() }]), [Code::Pkg08], "{mode:o}");
    }
    assert_eq!(codes(&[Forged { attributes: 0o040_755 << 16, ..photo() }]), [Code::Pkg06]);
    assert_eq!(codes(&[Forged::stored("photos/", b"content")]), [Code::Pkg06]);
}

#[test]
fn a14_one_name_once_and_all_bad_names_at_once() {
    assert_eq!(codes(&[photo(), Forged::stored("photos/A.JPG", b"x")]), [Code::Pkg10]);
    let mixed = [photo(), photo(), Forged::stored("../x", b""), Forged::stored("notes.txt", b"")];
    assert_eq!(codes(&mixed), [Code::Pkg10, Code::Pkg07, Code::Pkg11]);
}

#[test]
fn a18_large_files_by_their_declaration() {
    assert_eq!(codes(&[Forged { plain_bytes: (1 << 20) + 1, method: 8, ..photo() }]), [Code::Pkg14]);
    assert_eq!(codes(&[Forged { plain_bytes: (256 << 20) + 1, method: 8, ..Forged::stored("applications.jsonl", b"x") }]), [Code::Pkg14]);
}
