//! Tars no well-meaning program writes (A07–A14, A19–A21).

use card::Code;
use tar::{EntryType, Header};

use crate::package::ArchiveKind;
use crate::package::testing::{codes_of, package, unpacked};

/// Header, data and padding of one entry; `change` gets the header before its checksum is made.
fn entry(name: &[u8], kind: EntryType, data: &[u8], change: impl Fn(&mut Header)) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(data.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    change(&mut header);
    header.set_cksum();
    let mut out = header.as_bytes().to_vec();
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn file(name: &str, data: &[u8]) -> Vec<u8> {
    entry(name.as_bytes(), EntryType::Regular, data, |_| {})
}

fn pax(kind: EntryType, records: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let len = (rest + 1..).find(|n| rest + n.to_string().len() == *n).expect("a length");
        body.extend_from_slice(format!("{len} {key}={value}\n").as_bytes());
    }
    entry(b"PaxHeader", kind, &body, |_| {})
}

fn ended(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), vec![0; 1024]].concat()
}

fn codes(parts: &[Vec<u8>]) -> Vec<Code> {
    codes_of(ArchiveKind::Tar, &ended(parts))
}

#[test]
fn what_ordinary_tars_hold_is_read() {
    let folder = |name: &str| entry(name.as_bytes(), EntryType::Directory, b"", |_| {});
    let parts = [
        pax(EntryType::XGlobalHeader, &[("comment", "made by hand")]),
        folder("./"),
        folder("./photos/"),
        file("./package.json", b"{}"),
        pax(EntryType::XHeader, &[("mtime", "1.5"), ("size", "3"), ("path", "photos/long.jpg")]),
        file("photos/cut", b"abc"),
        entry(b"././@LongLink", EntryType::GNULongName, b"photos/gnu.jpg\0", |_| {}),
        file("photos/cut", b"de"),
    ];
    let (files, kept) = unpacked(crate::package::testing::archive(ArchiveKind::Tar, &ended(&parts))).ok().expect("a good tar");
    assert_eq!(files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["package.json", "photos/long.jpg", "photos/gnu.jpg"]);
    assert_eq!(kept.get("photos/long.jpg"), b"abc");
}

#[test]
fn a03_an_end_mark_is_needed_whole() {
    let body = file("package.json", b"{}");
    assert_eq!(codes_of(ArchiveKind::Tar, &body), [Code::Pkg03]);
    assert_eq!(codes_of(ArchiveKind::Tar, &[body.clone(), vec![0; 512]].concat()), [Code::Pkg03]);
    assert_eq!(codes_of(ArchiveKind::Tar, b""), [Code::Pkg03]);
    let mut damaged = ended(&[body]);
    damaged[3] ^= 1;
    assert_eq!(codes_of(ArchiveKind::Tar, &damaged), [Code::Pkg03]);
}

#[test]
fn a04_nothing_follows_the_end_mark() {
    let second = [ended(&[file("package.json", b"{}")]), file("applications.csv", b"x"), vec![0; 1024]].concat();
    assert_eq!(codes_of(ArchiveKind::Tar, &second), [Code::Pkg04]);
    let between = [file("package.json", b"{}"), vec![0; 512], file("applications.csv", b"x"), vec![0; 1024]].concat();
    assert_eq!(codes_of(ArchiveKind::Tar, &between), [Code::Pkg04]);
    let padded = [ended(&[file("package.json", b"{}")]), vec![0; 9 * 1024]].concat();
    assert_eq!(codes_of(ArchiveKind::Tar, &padded), []);
}

#[test]
fn a09_a10_names_that_leave_the_package() {
    for name in ["../../etc/x", "/etc/passwd", "C:/x", "..\\x", "photos/../package.json"] {
        assert_eq!(codes(&[file(name, b"x")]), [Code::Pkg07], "{name}");
        assert_eq!(codes(&[pax(EntryType::XHeader, &[("path", name)]), file("photos/a.jpg", b"x")]), [Code::Pkg07], "{name} in PAX");
        let long = entry(b"././@LongLink", EntryType::GNULongName, name.as_bytes(), |_| {});
        assert_eq!(codes(&[long, file("photos/a.jpg", b"x")]), [Code::Pkg07], "{name} in a long name");
    }
    let prefixed = entry(b"x.jpg", EntryType::Regular, b"x", |h| h.as_ustar_mut().expect("ustar").prefix[..2].copy_from_slice(b".."));
    assert_eq!(codes(&[prefixed]), [Code::Pkg07]);
}

#[test]
fn a11_a12_links_and_devices() {
    for (kind, code) in [
        (EntryType::Symlink, Code::Pkg08),
        (EntryType::Link, Code::Pkg08),
        (EntryType::Char, Code::Pkg08),
        (EntryType::Block, Code::Pkg08),
        (EntryType::Fifo, Code::Pkg08),
        (EntryType::GNULongLink, Code::Pkg08),
        (EntryType::new(b'V'), Code::Pkg08),
        (EntryType::Continuous, Code::Pkg08),
        (EntryType::GNUSparse, Code::Pkg09),
    ] {
        assert_eq!(codes(&[entry(b"photos/a.jpg", kind, b"", |_| {})]), [code], "{kind:?}");
    }
    let link_then_folder = [entry(b"photos", EntryType::Symlink, b"", |_| {}), entry(b"photos/", EntryType::Directory, b"", |_| {})];
    assert_eq!(codes(&link_then_folder), [Code::Pkg08]);
    assert_eq!(codes(&[pax(EntryType::XHeader, &[("linkpath", "/etc/passwd")]), file("photos/a.jpg", b"x")]), [Code::Pkg08]);
}

#[test]
fn a13_two_headers_never_disagree_about_a_size() {
    for size in ["0", "1", "4", "1000000000000", "-3", "3.0", " 3", ""] {
        assert_eq!(codes(&[pax(EntryType::XHeader, &[("size", size)]), file("photos/a.jpg", b"abc")]), [Code::Pkg09], "{size:?}");
    }
    assert_eq!(codes(&[pax(EntryType::XGlobalHeader, &[("size", "0")]), file("photos/a.jpg", b"abc")]), [Code::Pkg06]);
    assert_eq!(codes(&[pax(EntryType::XGlobalHeader, &[("path", "package.json")]), file("photos/a.jpg", b"abc")]), [Code::Pkg06]);
    let twice = pax(EntryType::XHeader, &[("size", "3"), ("size", "3")]);
    assert_eq!(codes(&[twice, file("photos/a.jpg", b"abc")]), [Code::Pkg06]);
    let two_names = [pax(EntryType::XHeader, &[("path", "photos/a.jpg")]), entry(b"L", EntryType::GNULongName, b"photos/b.jpg", |_| {}), file("x", b"")];
    assert_eq!(codes(&two_names), [Code::Pkg06]);
    assert_eq!(codes(&[pax(EntryType::XHeader, &[("GNU.sparse.realsize", "9")]), file("photos/a.jpg", b"abc")]), [Code::Pkg09]);
    assert_eq!(codes(&[pax(EntryType::XHeader, &[("path", "photos/a.jpg")])]), [Code::Pkg06]);
}

#[test]
fn broken_extended_headers() {
    for body in [&b"9 path=a"[..], b"x path=a\n", b"99 path=a\n", b"8 patha\n", b"0 path=a\n", b"1 \n", b"+8 a=bc\n", b"99999999999999999999 a=b\n"] {
        let header = entry(b"PaxHeader", EntryType::XHeader, body, |_| {});
        assert_eq!(codes(&[header, file("photos/a.jpg", b"x")]), [Code::Pkg06], "{}", body.escape_ascii());
    }
    let huge = entry(b"PaxHeader", EntryType::XHeader, &vec![b'x'; 20_000], |_| {});
    assert_eq!(codes(&[huge, file("photos/a.jpg", b"x")]), [Code::Pkg15]);
}

#[test]
fn a14_one_name_once() {
    assert_eq!(codes(&[file("photos/a.jpg", b"x"), file("photos/A.jpg", b"x")]), [Code::Pkg10]);
    assert_eq!(codes(&[file("package.json", b"x"), file("./package.json", b"x")]), [Code::Pkg10]);
}

#[test]
fn a18_a19_sizes_are_judged_before_data_is_read() {
    let declares = |name: &str, size: u64| entry(name.as_bytes(), EntryType::Regular, b"", |h| h.set_size(size));
    assert_eq!(codes(&[declares("photos/a.jpg", (1 << 20) + 1)]), [Code::Pkg14]);
    assert_eq!(codes(&[declares("applications.csv", 1 << 40)]), [Code::Pkg14]);
    assert_eq!(codes(&[declares("package.json.minisig", 1 << 20)]), [Code::Pkg14]);
    assert_eq!(codes(&[declares("photos/a.jpg", u64::MAX)]), [Code::Pkg14]);
}

#[test]
fn a07_a20_a21_names() {
    assert_eq!(codes(&[file("photos/inner.zip", b"x")]), [Code::Pkg06]);
    assert_eq!(codes(&[file("photos/a\nb.jpg", b"x")]), [Code::Pkg15]);
    assert_eq!(codes(&[file("photos/NUL.jpg", b"x")]), [Code::Pkg15]);
    assert_eq!(codes(&[entry(b"photos/\xff.jpg", EntryType::Regular, b"x", |_| {})]), [Code::Pkg15]);
    let long = format!("photos/{}.jpg", "x".repeat(300));
    assert_eq!(codes(&[pax(EntryType::XHeader, &[("path", &long)]), file("photos/a.jpg", b"x")]), [Code::Pkg15]);
    assert_eq!(codes(&[pax(EntryType::XHeader, &[("path", "photos/a.jpg\0.png")]), file("photos/a.jpg", b"x")]), [Code::Pkg15]);
    assert_eq!(codes(&[file("readme.md", b"x")]), [Code::Pkg11]);
}

#[test]
fn folders_and_files_do_not_mix() {
    assert_eq!(codes(&[file("photos/", b"x")]), [Code::Pkg06]);
    assert_eq!(codes(&[entry(b"photos/a.jpg", EntryType::Directory, b"", |_| {})]), [Code::Pkg11]);
    assert_eq!(codes(&[entry(b"photos/", EntryType::Directory, b"", |h| h.set_size(512))]), [Code::Pkg06]);
}

#[test]
fn a_zip_called_tar_is_damaged() {
    assert_eq!(codes_of(ArchiveKind::Tar, &package(ArchiveKind::Zip, 3)), [Code::Pkg03]);
    assert_eq!(codes_of(ArchiveKind::TarZst, &package(ArchiveKind::Tar, 1)), [Code::Pkg03]);
    assert_eq!(codes_of(ArchiveKind::Zip, &package(ArchiveKind::Tar, 1)), [Code::Pkg03]);
}
