//! Packages that must be set aside whole (faults.md §5.1–5.2), each from a good one bent at one place. Sequence faults and repeats,
//! which need a history, are in `history.rs`. Left out, because no file at rest can be so: PKG-01 and PKG-16 (still being copied, changed
//! while it is read) and PKG-18 (no permission: who runs the demonstration may be root, who reads everything).

use std::io;

use card::Code;
use line::package::{ArchiveKind, Employer, MANIFEST, PackageLimits, SIGNATURE, SecretKey, Staff};

use super::outlets::key_of;
use super::pack::{Entries, File, Parts, archive};

/// A good package and who else could have signed it.
pub struct Good {
    pub parts: Parts,
    pub key: SecretKey,
    /// The key of another outlet of the register.
    pub other_key: SecretKey,
}

/// One kind of hostile package: what it must be set aside with, and its file.
pub struct Hostile {
    pub name: &'static str,
    pub code: Code,
    /// Extension of its name in the inbox.
    pub extension: &'static str,
    pub file: fn(Good) -> io::Result<Vec<u8>>,
}

const fn zip(name: &'static str, code: Code, file: fn(Good) -> io::Result<Vec<u8>>) -> Hostile {
    Hostile { name, code, extension: "zip", file }
}

const fn tar(name: &'static str, code: Code, file: fn(Good) -> io::Result<Vec<u8>>) -> Hostile {
    Hostile { name, code, extension: "tar", file }
}

pub static HOSTILE: &[Hostile] = &[
    zip("size-differs", Code::Pkg02, |g| bent(g, |e| last(e).push(0))),
    zip("container-truncated", Code::Pkg03, |g| cut(good_zip(g)?, 60)),
    Hostile { name: "stream-truncated", code: Code::Pkg03, extension: "tar.zst", file: |g| cut(archive(ArchiveKind::TarZst, &sealed(g))?, 60) },
    zip("bytes-after-end", Code::Pkg04, |g| Ok([good_zip(g)?, b"<script>".to_vec()].concat())),
    Hostile { name: "zstd-bomb", code: Code::Pkg05, extension: "tar.zst", file: bomb },
    tar("archive-inside", Code::Pkg06, |g| with_tar_entry(g, b"more.zip", b"PK\x05\x06", tar::EntryType::Regular)),
    tar("path-traversal", Code::Pkg07, |g| with_tar_entry(g, b"../../etc/cardline", b"x", tar::EntryType::Regular)),
    tar("absolute-path", Code::Pkg07, |g| with_tar_entry(g, b"/etc/cardline", b"x", tar::EntryType::Regular)),
    tar("link-inside", Code::Pkg08, |g| with_tar_entry(g, b"photos/link.jpg", b"", tar::EntryType::Symlink)),
    tar("size-twice", Code::Pkg09, with_two_sizes),
    tar("name-twice", Code::Pkg10, |g| {
        let again = g.parts.photos[0].clone();
        with_tar_entry(g, again.0.as_bytes(), &again.1, tar::EntryType::Regular)
    }),
    tar("file-unlisted", Code::Pkg11, |g| with_tar_entry(g, b"photos/unlisted.jpg", b"x", tar::EntryType::Regular)),
    zip("file-missing", Code::Pkg12, |g| bent(g, |e| drop(e.pop()))),
    zip("files-beyond-limit", Code::Pkg13, |g| {
        let more = PackageLimits::default().files_max;
        bent(g, |e| e.extend((0..more).map(|n| (format!("photos/{n}.jpg"), Vec::new()))))
    }),
    tar("photo-of-2-megabytes", Code::Pkg14, |g| with_tar_entry(g, b"photos/large.jpg", &vec![0; 2 << 20], tar::EntryType::Regular)),
    tar("name-reserved", Code::Pkg15, |g| with_tar_entry(g, b"photos/CON.jpg", b"x", tar::EntryType::Regular)),
    Hostile { name: "container-unknown", code: Code::Pkg19, extension: "rar", file: good_zip },
    zip("unsigned", Code::Sig01, |g| bent(g, |e| e.retain(|(name, _)| name != SIGNATURE))),
    zip("signature-of-another-text", Code::Sig02, |g| {
        let other = g.key.sign(b"another text", "x").into_bytes();
        bent(g, |e| replace(e, SIGNATURE, other))
    }),
    zip("key-unknown", Code::Sig03, |g| archive(ArchiveKind::Zip, &g.parts.sealed(&key_of(u64::MAX, "nobody")))),
    zip("key-of-another-outlet", Code::Sig04, |g| archive(ArchiveKind::Zip, &g.parts.sealed(&g.other_key))),
    zip("signature-legacy", Code::Sig05, |g| bent(g, |e| legacy_signature(e))),
    zip("records-changed", Code::Man02, |g| bent(g, |e| e[2].1.swap(40, 41))),
    zip("count-wrong", Code::Man03, |mut g| {
        g.parts.spec.count += 1;
        good_zip(g)
    }),
    zip("manifest-unknown-key", Code::Man04, |g| manifest_edited(g, |text| text.replacen('{', "{\n  \"priority\": \"high\",", 1))),
    zip("manifest-key-twice", Code::Man04, |g| manifest_edited(g, |text| text.replacen('{', "{\n  \"count\": 1,", 1))),
    zip("manifest-deep", Code::Man05, |g| manifest_edited(g, |text| text.replacen('{', &format!("{{\n  \"x\": {}{},", "[".repeat(200), "]".repeat(200)), 1))),
    zip("format-of-the-future", Code::Man06, |g| manifest_edited(g, |text| text.replacen("cardline-package/1", "cardline-package/2", 1))),
    zip("many-photos-altered", Code::Man07, |g| bent(g, |e| e[3..].iter_mut().for_each(|(_, bytes)| bytes[100] ^= 1))),
    zip("employer-without-letter", Code::Emp01, |g| with_employer(g, |e| e.letter.clear())),
    zip("employer-without-staff", Code::Emp01, |g| with_employer(g, |e| e.staff.clear())),
    zip("employer-code-wrong", Code::Emp04, |g| with_employer(g, |e| e.code.replace_range(17.., if e.code.ends_with('7') { "8" } else { "7" }))),
    zip("employers-mixed", Code::Emp02, |g| {
        let another = card::employer::with_check("91420100888888888").expect("17 characters of the alphabet");
        with_employer(g, |e| e.code = another)
    }),
];

fn sealed(g: Good) -> Entries {
    g.parts.sealed(&g.key)
}

fn good_zip(g: Good) -> io::Result<Vec<u8>> {
    archive(ArchiveKind::Zip, &sealed(g))
}

/// Bent after signing.
fn bent(g: Good, bend: impl FnOnce(&mut Entries)) -> io::Result<Vec<u8>> {
    let mut entries = sealed(g);
    bend(&mut entries);
    archive(ArchiveKind::Zip, &entries)
}

fn last(entries: &mut [File]) -> &mut Vec<u8> {
    &mut entries.last_mut().expect("a package has files").1
}

fn replace(entries: &mut [File], name: &str, bytes: Vec<u8>) {
    entries.iter_mut().filter(|(n, _)| n == name).for_each(|(_, old)| old.clone_from(&bytes));
}

fn cut(mut file: Vec<u8>, percent: usize) -> io::Result<Vec<u8>> {
    file.truncate(file.len() * percent / 100);
    Ok(file)
}

/// The older mode of minisign names its algorithm `Ed`, not `ED`: one letter of base64.
fn legacy_signature(entries: &mut [File]) {
    for (_, bytes) in entries.iter_mut().filter(|(name, _)| name == SIGNATURE) {
        *bytes = String::from_utf8_lossy(bytes).replacen("\nRU", "\nRW", 1).into_bytes();
    }
}

/// Edited before signing: the outlet's own program wrote it so.
fn manifest_edited(g: Good, edit: impl FnOnce(&str) -> String) -> io::Result<Vec<u8>> {
    let manifest = edit(&String::from_utf8_lossy(&g.parts.manifest())).into_bytes();
    archive(ArchiveKind::Zip, &g.parts.sealed_with(manifest, &g.key))
}

fn with_employer(mut g: Good, bend: impl FnOnce(&mut Employer)) -> io::Result<Vec<u8>> {
    let staff = Staff { name: "Sample Clerk".to_owned(), id_type: None, id: None, phone: None };
    let code = card::employer::with_check("91420100777777777").expect("17 characters of the alphabet");
    let mut employer = Employer { code, name: "示例有限公司".to_owned(), staff: vec![staff], letter: "L-1".to_owned() };
    bend(&mut employer);
    g.parts.spec.channel = line::package::Channel::Employer;
    g.parts.spec.employer = Some(employer);
    good_zip(g)
}

/// Records that shrink a thousand times: far beyond what any outlet's records do.
fn bomb(mut g: Good) -> io::Result<Vec<u8>> {
    g.parts.records.resize(48 << 20, b'\n');
    archive(ArchiveKind::TarZst, &sealed(g))
}

/// A good tar with one more entry, whose name is written as it is: the library would refuse it.
fn with_tar_entry(g: Good, name: &[u8], bytes: &[u8], kind: tar::EntryType) -> io::Result<Vec<u8>> {
    let mut builder = good_tar(g)?;
    append(&mut builder, name, bytes, kind)?;
    builder.into_inner()
}

/// A good tar with one more entry, of which the extended header says another size than the header.
fn with_two_sizes(g: Good) -> io::Result<Vec<u8>> {
    let mut builder = good_tar(g)?;
    builder.append_pax_extensions([("size", b"9".as_slice())])?;
    append(&mut builder, b"photos/sized.jpg", b"abc", tar::EntryType::Regular)?;
    builder.into_inner()
}

fn good_tar(g: Good) -> io::Result<tar::Builder<Vec<u8>>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in &sealed(g) {
        append(&mut builder, name.as_bytes(), bytes, tar::EntryType::Regular)?;
    }
    Ok(builder)
}

fn append(builder: &mut tar::Builder<Vec<u8>>, name: &[u8], bytes: &[u8], kind: tar::EntryType) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_entry_type(kind);
    if kind == tar::EntryType::Symlink {
        header.set_link_name(MANIFEST)?;
    }
    header.set_cksum();
    builder.append(&header, bytes)
}
