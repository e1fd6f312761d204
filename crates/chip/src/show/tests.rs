//! What is shown, that nothing shown can hurt a terminal, and that JSON reads back to the same files.

use proptest::prelude::*;

use super::*;
use crate::image::{ChipRecordImage, Parts, Permissions, image, image_with_portrait};
use crate::samples::{card, profile, with_permit, with_portrait};

fn shown() -> ShownImage {
    let of = ShownCard { number: "H00000012".to_owned(), generation: 1, position: 2, batch: "B20250601-01".to_owned() };
    ShownImage::of(&image(&card(1), &profile().chip).unwrap().files, &profile().chip, Some(of)).unwrap()
}

#[test]
fn the_tree_names_folders_files_records_and_keys() {
    let mut shown = shown();
    let folder = crate::image::unhex(&shown.folders[0].name).unwrap();
    shown.set_kcv(&folder, 0x0A, &[0x1A, 0x2B, 0x3C]);
    shown.set_kcv(&folder, 0x0C, &[9; 3]);
    shown.set_kcv(b"elsewhere", 0x0B, &[9; 3]);
    let text = shown.to_string();
    for line in [
        "card H00000012  generation 1  position 2  batch B20250601-01",
        "SSSE  7378312E73682EC9E7BBE1B1A3D5CF  sx1.sh.社会保障",
        "  EF05  SFI 5  read free, update key 0B UKSSSE",
        "    05  issued_on               20250601                              20250601",
        "    07  card_number             483030303030303132                    H00000012",
        "  EF06  SFI 6  read key 0A RKSSSE, update key 0B UKSSSE",
        "  EF08  SFI 8  read key 0A RKSSSE, update key 0B UKSSSE  reserved, 4096 bytes",
        "    09  name                    4558414D504C452C20414E4E41204D… (30)  EXAMPLE, ANNA MARIA",
        "DF01  D15600000500",
        "  EF16  SFI 22  read free, update key 0C UKDF01",
        "  RKSSSE  SSSE 0A  version 1  SM4  KCV 1A2B3C",
        "  IRK  SSSE 01  version 1  SM4  KCV -",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\nin\n{text}");
    }
}

#[test]
fn what_the_profile_does_not_know_is_shown_all_the_same() {
    let mut files = image(&card(1), &profile().chip).unwrap().files;
    files[0].content = Content::Records(vec![ChipRecordImage { tag: 0x03, value: vec![0xFF; 4] }, ChipRecordImage { tag: 0x55, value: vec![1, 2] }]);
    files[1].folder = b"\x1B[2Jx".to_vec();
    files[4].access.read = Permission::Key(0x77);
    let text = ShownImage::of(&files, &profile().chip, None).unwrap().to_string();
    for line in ["    03  spec_version            FFFFFFFF                              (can't be read)", "?  1B5B324A78"] {
        assert!(text.lines().any(|l| l == line), "{line}\nin\n{text}");
    }
    assert!(text.contains("    55  ?                       0102 ") && text.contains("read key 77, update"), "{text}");
}

#[test]
fn nothing_shown_moves_the_cursor() {
    let mut files = image(&card(1), &profile().chip).unwrap().files;
    let Content::Records(records) = &mut files[1].content else { panic!("records") };
    records[1].value[..4].copy_from_slice(b"\x1B[2J");
    let shown = ShownImage::of(&files, &profile().chip, None).unwrap();
    let text = shown.to_string();
    assert!(!text.chars().any(|c| c.is_control() && c != '\n') && text.contains("\\u{1b}[2JPLE"), "{text}");
    let hostile = shown.to_json().replace("EF06", "\\u001b[2J").replace("RKSSSE", "\\u0007");
    let text = ShownImage::from_json(hostile.as_bytes()).ok().unwrap().to_string();
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
}

#[test]
fn json_reads_back_to_the_same_files() {
    for (layout, portrait) in [(profile().chip, None), (with_portrait().chip, Some(&[7; 300][..]))] {
        let files = image_with_portrait(&card(1), &layout, portrait).unwrap().files;
        let shown = ShownImage::of(&files, &layout, None).unwrap();
        let again = ShownImage::from_json(shown.to_json().as_bytes()).ok().unwrap();
        assert!(again == shown && again.files().ok().unwrap() == files);
    }
}

#[test]
#[ignore = "writes fuzz/seeds/chip_image: by hand, when the form has changed"]
fn write_fuzz_seeds() {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/chip_image"));
    std::fs::create_dir_all(folder).unwrap();
    let (signing, signer) = (with_permit(), crate::permit::tests::signer("K1"));
    let parts = Parts { portrait: None, signer: Some(&signer) };
    let signed = FileTree::of(&signing.chip).unwrap().image(&card(1), parts).ok().unwrap();
    let signed = ShownImage::of(&signed.files, &signing.chip, None).unwrap();
    let pictured = ShownImage::of(&image_with_portrait(&card(1), &with_portrait().chip, Some(&[7; 99])).unwrap().files, &with_portrait().chip, None).unwrap();
    for (name, image) in [("plain", shown()), ("signed", signed), ("picture", pictured)] {
        std::fs::write(folder.join(name), image.to_json()).unwrap();
    }
}

#[test]
fn images_that_are_not_of_the_form_are_refused() {
    let good = shown().to_json();
    assert!(ShownImage::from_json(good.as_bytes()).and_then(|s| s.files()).is_ok());
    for (from, to) in [
        ("image/1", "image/2"),
        ("\"sfi\":5,", "\"sfi\":500,"),
        ("\"tag\":\"02\"", "\"tag\":\"2\""),
        ("\"tag\":\"02\"", "\"tag\":\"03\""),
        ("\"hex\":\"31\"", "\"hex\":\"3\""),
        ("\"hex\":\"31\"", "\"hex\":\"中\""),
        ("\"read\":\"free\"", "\"read\":\"open\""),
        ("\"read\":\"free\"", "\"read\":\"key 00\""),
        ("\"read\":\"free\"", "\"read\":\"key\""),
        ("\"id\":\"EF05\"", "\"id\":\"EF06\""),
        ("\"id\":\"EF05\"", "\"id\":\"EF050\""),
        ("\"name\":\"D15600000500\"", "\"name\":\"\""),
        ("\"reserved_bytes\":1024", "\"reserved_bytes\":65536"),
        ("\"reserved_bytes\"", "\"other\""),
    ] {
        assert!(good.contains(from), "{from}");
        let bad = good.replacen(from, to, 1);
        assert!(ShownImage::from_json(bad.as_bytes()).and_then(|s| s.files()).is_err(), "{from} -> {to}");
    }
}

fn permission() -> impl Strategy<Value = Permission> {
    prop_oneof![Just(Permission::Free), Just(Permission::Never), (1u8..=0xFE).prop_map(Permission::Key)]
}

type Records = std::collections::BTreeMap<u8, Vec<u8>>;

/// One of the three kinds, by number.
fn content(kind: u8, records: Records, bytes: Vec<u8>, size_bytes: u16) -> Content {
    match kind % 3 {
        0 => Content::Records(records.into_iter().map(|(tag, value)| ChipRecordImage { tag, value }).collect()),
        1 => Content::Transparent(bytes),
        _ => Content::Reserved { size_bytes },
    }
}

fn bytes(len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), len)
}

proptest! {
    /// Any files at all, of this profile or not: what was read back from a chip is shown, and comes back the same.
    #[test]
    fn any_files_are_shown_and_read_back(
        places in prop::collection::vec((bytes(1..17), any::<u8>(), permission(), permission()), 6),
        contents in prop::collection::vec((any::<u8>(), prop::collection::btree_map(any::<u8>(), bytes(0..20), 0..6), bytes(0..40), any::<u16>()), 0..6),
    ) {
        let contents = contents.into_iter().map(|(kind, records, bytes, size)| content(kind, records, bytes, size));
        let file = |(id, ((folder, sfi, read, update), content))| FileImage { folder, id: id as u16, sfi, access: Permissions { read, update }, content };
        let files: Vec<FileImage> = places.into_iter().zip(contents).enumerate().map(file).collect();
        let shown = ShownImage::of(&files, &profile().chip, None).unwrap();
        prop_assert!(!shown.to_string().chars().any(|c| c.is_control() && c != '\n'));
        let again = ShownImage::from_json(shown.to_json().as_bytes()).and_then(|s| s.files());
        prop_assert!(again.ok() == Some(files));
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..60), at in any::<prop::sample::Index>()) {
        let mut json = shown().to_json().into_bytes();
        let at = at.index(json.len());
        json.splice(at..(at + 3).min(json.len()), bytes.iter().copied());
        for input in [bytes, json] {
            if let Ok(shown) = ShownImage::from_json(&input) {
                let _ = (shown.files().is_ok(), shown.to_string());
            }
        }
    }
}
