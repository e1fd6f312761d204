//! Where records lie, what doesn't fit, which images are not read, and that every image reads back.

use proptest::prelude::*;

use super::*;
use crate::samples::{card, profile, with_portrait};

fn value(image: &ChipImage, id: u16, tag: u8) -> &[u8] {
    let file = image.files.iter().find(|f| f.id == id).unwrap();
    let Content::Records(records) = &file.content else { panic!("records") };
    &records.iter().find(|r| r.tag == tag).unwrap().value
}

#[test]
fn records_are_where_the_specification_puts_them() {
    let image = image(&card(1), &profile().chip).unwrap();
    assert_eq!(value(&image, 0xEF05, 0x03), b"3.00");
    assert_eq!(value(&image, 0xEF05, 0x05), [0x20, 0x25, 0x06, 0x01]);
    assert_eq!(value(&image, 0xEF05, 0x06), [0x20, 0x35, 0x06, 0x01]);
    assert_eq!(value(&image, 0xEF05, 0x04), [0x42, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(value(&image, 0xEF06, 0x08), b"SWE0X00000001\0\0\0\0\0");
    assert_eq!(value(&image, 0xEF06, 0x0A), b"2");
    assert_eq!(value(&image, 0xEF06, 0x0D), [0x19, 0x85, 0x08, 0x12]);
    assert_eq!(value(&image, 0xEF0A, 0x01), b"SWE");
    assert_eq!(&value(&image, 0xEF16, 0x01)[..12], b"420000000001");
    assert_eq!(value(&image, 0xEF16, 0x03).len(), 120);
    assert!(image.files.iter().all(|f| f.id != 0xEF05 || !matches!(&f.content, Content::Records(r) if r.iter().any(|r| r.tag == 1))), "the card's own code");
    assert_eq!(image.files[0].folder, b"sx1.sh.\xC9\xE7\xBB\xE1\xB1\xA3\xD5\xCF");
}

#[test]
fn long_names_go_on_in_the_second_record() {
    let mut card = card(1);
    card.application.name = "A".repeat(33);
    let made = image(&card, &profile().chip).unwrap();
    assert_eq!((value(&made, 0xEF06, 0x09), &value(&made, 0xEF06, 0x4E)[..4]), (&[b'A'; 30][..], &b"AAA\0"[..]));
    card.application.name = "A".repeat(51);
    let problem = image(&card, &profile().chip).err().unwrap();
    assert_eq!((problem.field.as_str(), problem.what.as_str()), ("name", "51 bytes, at most 50"));
}

#[test]
fn special_nationalities_take_the_agencys_code() {
    let mut card = card(1);
    card.application.nationality = "D".to_owned();
    card.application.ssn = "DEU0X1234567".to_owned();
    assert_eq!(value(&image(&card, &profile().chip).unwrap(), 0xEF0A, 0x01), b"DEU");
}

#[test]
fn what_will_not_fit_is_known_beforehand() {
    let mut a = card(1).application;
    assert_eq!(check_texts(&a, &profile().chip), Vec::<String>::new());
    a.name = "N".repeat(60);
    a.employer_name = "บริษัท".to_owned();
    assert_eq!(check_texts(&a, &profile().chip), ["name: 60 bytes, at most 50", "employer_name: U+0E1A"]);
}

#[test]
fn a_portrait_is_there_exactly_when_the_layout_has_one() {
    let (plain, pictured) = (profile().chip, with_portrait().chip);
    assert!(image_with_portrait(&card(1), &plain, Some(b"jpeg")).is_err());
    assert!(image(&card(1), &pictured).is_err());
    assert!(image_with_portrait(&card(1), &pictured, Some(&[0; 5_000])).is_err());
    let made = image_with_portrait(&card(1), &pictured, Some(b"jpeg")).unwrap();
    let file = made.files.iter().find(|f| f.id == 0xEF08).unwrap();
    assert!(matches!(&file.content, Content::Transparent(b) if b == b"jpeg"), "in the place kept for it");
    assert!(decode(&made.files, &pictured).is_ok());
}

#[test]
fn files_come_folder_by_folder_with_who_may_use_them() {
    let made = image(&card(1), &profile().chip).unwrap();
    let ids: Vec<u16> = made.files.iter().map(|f| f.id).collect();
    assert_eq!(ids, [0xEF05, 0xEF06, 0xEF07, 0xEF08, 0xEF0A, 0xEF16]);
    assert!(matches!(made.files[2].content, Content::Reserved { size_bytes: 1_024 }));
    let access = |at: usize| made.files[at].access;
    assert_eq!(access(0), Permissions { read: Permission::Free, update: Permission::Key(0x0B) });
    assert_eq!(access(1), Permissions { read: Permission::Key(0x0A), update: Permission::Key(0x0B) });
    assert_eq!(access(4), Permissions { read: Permission::Free, update: Permission::Key(0x0C) });
}

#[test]
fn wrong_images_are_not_read() {
    let layout = profile().chip;
    let good = image(&card(1), &layout).unwrap().files;
    let wrong = |change: &dyn Fn(&mut Vec<FileImage>)| {
        let mut files = good.clone();
        change(&mut files);
        decode(&files, &layout).is_err()
    };
    assert!(wrong(&|f| drop(f.pop())));
    assert!(wrong(&|f| f.push(f[0].clone())));
    assert!(wrong(&|f| f[0].sfi = 9));
    assert!(wrong(&|f| f[0].folder.push(b'x')));
    assert!(wrong(&|f| f[0].access.update = Permission::Free));
    assert!(wrong(&|f| f[2].content = Content::Reserved { size_bytes: 1 }));
    assert!(wrong(&|f| f[2].content = Content::Transparent(vec![])));
    assert!(wrong(&|f| f[0].content = Content::Transparent(vec![])));
    assert!(wrong(&|f| with_first(f, |r| r.tag = 0x0F)));
    assert!(wrong(&|f| with_first(f, |r| r.value.push(0))));
    assert!(wrong(&|f| with_first(f, |r| r.value[0] = 7)));
}

fn with_first(files: &mut [FileImage], change: impl Fn(&mut ChipRecordImage)) {
    if let Content::Records(records) = &mut files[0].content {
        change(&mut records[0]);
    }
}

proptest! {
    #[test]
    fn every_image_reads_back(n in 0u32..1_000_000, name in "[A-ZÅÄÖŁ][A-Za-zéø' -]{0,24}", employer in "[a-z示例公司（）]{1,50}", permit in "[A-Z0-9]{6,20}") {
        let layout = profile().chip;
        let mut card = card(n);
        card.application.name = name.clone();
        card.application.employer_name = employer.clone();
        card.application.work_permit_number = permit.clone();
        let image = image(&card, &layout).unwrap();
        let fields: std::collections::BTreeMap<_, _> = decode(&image.files, &layout).unwrap().into_iter().collect();
        prop_assert_eq!(fields["name"].clone(), card::name::chip_text(&name).ok().unwrap());
        prop_assert_eq!(&fields["employer_name"], &employer);
        prop_assert_eq!(&fields["work_permit_number"], &permit);
        prop_assert_eq!(&fields["ssn"], &card.application.ssn);
        prop_assert_eq!(&fields["card_number"], &card.number);
        prop_assert_eq!(fields["birth_date"].as_str(), "19850812");
        prop_assert_eq!(&fields["qr_payload"], &card.qr_payload);
    }
}

/// Any layout the profile can state, with a card it fits.
mod any_layout {
    use std::collections::BTreeMap;
    use std::sync::LazyLock;

    use card::profile::chip::{
        Access, ChipFile, ChipFolder, ChipKey, ChipLayout, ChipPermit, ChipPortrait, ChipRecord, ChipReserved, Condition, FIELDS, KeyAlgorithm, KeyUse,
        NAME_FIELDS, PERMIT_COVERS_ALWAYS, ValueKind,
    };
    use card::{Card, Profile};
    use proptest::prelude::*;
    use proptest::sample::{Index, select, subsequence};

    use crate::image::fields::text_of;
    use crate::image::{ImageFault, Parts, decode};
    use crate::permit::tests::signer;
    use crate::permit::{PermitFinding, verify};
    use crate::samples::{card, profile};
    use crate::{ChipImage, FileTree, decode_value, encode_value};

    const FILES_MAX: usize = 6;
    static PROFILE: LazyLock<Profile> = LazyLock::new(profile);

    /// Which field is in which file, and how it is written there.
    #[derive(Debug, Clone)]
    struct Placed {
        field: &'static str,
        file: usize,
        spare_bytes: usize,
        kind: ValueKindName,
    }

    #[derive(Debug, Clone, Copy)]
    enum ValueKindName {
        Plain,
        Gbk,
    }

    /// Everything that is chosen about a layout beside its records.
    #[derive(Debug, Clone)]
    struct Choices {
        placed: Vec<Placed>,
        files: usize,
        in_first_folder: Vec<bool>,
        read_by_key: Vec<bool>,
        reserved: Vec<u16>,
        portrait: Option<Vec<u8>>,
        signed: bool,
        constant: String,
    }

    fn choices() -> impl Strategy<Value = Choices> {
        let fields: Vec<&'static str> = FIELDS.into_iter().filter(|f| !NAME_FIELDS.contains(f)).chain(["a_constant"]).collect();
        let optional = subsequence(fields, 0..=FIELDS.len() - 1).prop_shuffle();
        let placed = optional.prop_flat_map(|fields| {
            let each = |field: &'static str| {
                (0..FILES_MAX, 0..12usize, select(vec![ValueKindName::Plain, ValueKindName::Gbk])).prop_map(move |(file, spare_bytes, kind)| Placed {
                    field,
                    file,
                    spare_bytes,
                    kind,
                })
            };
            fields.into_iter().map(each).collect::<Vec<_>>()
        });
        let bools = || prop::collection::vec(any::<bool>(), FILES_MAX);
        let portrait = prop::option::of(prop::collection::vec(any::<u8>(), 1..300));
        let parts = (prop::collection::vec(1u16.., 0..3), portrait, any::<bool>(), "[0-9]{1,9}");
        (placed, 1..=FILES_MAX, bools(), bools(), parts).prop_map(|(placed, files, in_first_folder, read_by_key, (reserved, portrait, signed, constant))| {
            Choices { placed, files, in_first_folder, read_by_key, reserved, portrait, signed, constant }
        })
    }

    impl Choices {
        fn folder(&self, file: usize) -> String {
            if self.in_first_folder[file % FILES_MAX] { "SSSE" } else { "DF01" }.to_owned()
        }

        fn access(&self, file: usize) -> Access {
            let key = if self.in_first_folder[file % FILES_MAX] { "RKSSSE" } else { "UKDF01" };
            let read = if self.read_by_key[file % FILES_MAX] { Condition::Key(key.to_owned()) } else { Condition::Free };
            Access { read, update: Condition::Never }
        }

        /// The text a card gives a field, so that its record can be given a length it fits.
        fn text(&self, card: &Card, field: &str) -> String {
            if field == "a_constant" { self.constant.clone() } else { text_of(card, field).unwrap().into_owned() }
        }

        fn record(&self, card: &Card, at: usize, p: &Placed) -> ChipRecord {
            let text = self.text(card, p.field);
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let kind = match p.kind {
                ValueKindName::Plain if digits => ValueKind::Cn,
                ValueKindName::Plain if text.is_ascii() => ValueKind::An,
                _ => ValueKind::Gbk,
            };
            let len = if kind == ValueKind::Cn { text.len().div_ceil(2) } else { card::name::gbk(&text).unwrap().len() };
            ChipRecord { tag: format!("{:02X}", at + 1), field: p.field.to_owned(), len_bytes: (len + p.spare_bytes).max(1), kind }
        }

        fn file(&self, at: usize, record: Vec<ChipRecord>) -> ChipFile {
            ChipFile { id: format!("EF{:02X}", at + 1), folder: self.folder(at), sfi: at as u8 + 1, access: self.access(at), record }
        }

        fn layout(&self, card: &Card) -> ChipLayout {
            let mut placed: Vec<(usize, Placed)> = self.placed.iter().map(|p| (p.file % self.files, p.clone())).collect();
            let covered = |field: &'static str| Placed { field, file: 0, spare_bytes: 3, kind: ValueKindName::Plain };
            let missing = PERMIT_COVERS_ALWAYS.into_iter().filter(|f| *f != "name" && !self.placed.iter().any(|p| p.field == *f));
            placed.extend(missing.filter(|_| self.signed).map(|field| (0, covered(field))));
            let mut file: Vec<ChipFile> = (0..self.files)
                .map(|at| {
                    let mine = placed.iter().filter(|(file, _)| *file == at).enumerate();
                    self.file(at, mine.map(|(n, (_, p))| self.record(card, n, p)).collect())
                })
                .collect();
            // The extension before the name, and in another file: their order on the chip is nobody's business.
            for (at, (field, len_bytes)) in NAME_FIELDS.into_iter().rev().zip([40, 20]).enumerate() {
                let tag = format!("{:02X}", 0x60 + at);
                file[at % self.files].record.insert(0, ChipRecord { tag, field: field.to_owned(), len_bytes, kind: ValueKind::Gbk });
            }
            let mut covers: Vec<String> = PERMIT_COVERS_ALWAYS.into_iter().map(str::to_owned).collect();
            covers.push("name_extension".to_owned());
            let of_permit = [("permit_signature", 64, ValueKind::Bin), ("permit_card_number", 9, ValueKind::An), ("permit_certificate", 20, ValueKind::Gbk)];
            let of_permit = of_permit.into_iter().enumerate();
            let records = of_permit.map(|(n, (field, len_bytes, kind))| ChipRecord { tag: format!("{:02X}", n + 9), field: field.to_owned(), len_bytes, kind });
            let permit = self.signed.then(|| ChipPermit { covers, file: self.file(20, records.collect()) });
            let portrait = self.portrait.as_ref().map(|jpeg| self.portrait(jpeg.len()));
            let reserved = self.reserved.iter().enumerate().map(|(n, size_bytes)| self.reserved_file(n + 24, *size_bytes)).collect();
            ChipLayout {
                constant: BTreeMap::from([("a_constant".to_owned(), self.constant.clone())]),
                folder: folders(),
                file,
                reserved,
                permit,
                portrait,
                key: keys(),
            }
        }

        fn portrait(&self, bytes_max: usize) -> ChipPortrait {
            let ChipFile { id, folder, sfi, access, .. } = self.file(21, Vec::new());
            ChipPortrait { id, folder, sfi, access, width_px: 1, height_px: 1, bytes_max, quality_max: 9, quality_min: 1 }
        }

        fn reserved_file(&self, at: usize, size_bytes: u16) -> ChipReserved {
            let ChipFile { id, folder, sfi, access, .. } = self.file(at, Vec::new());
            ChipReserved { id, folder, sfi, access, size_bytes }
        }
    }

    fn folders() -> Vec<ChipFolder> {
        [("SSSE", "7378"), ("DF01", "D15600000500")].map(|(id, name_hex)| ChipFolder { id: id.to_owned(), name_hex: name_hex.to_owned() }).to_vec()
    }

    fn keys() -> Vec<ChipKey> {
        let key = |name: &str, folder: &str| ChipKey {
            name: name.to_owned(),
            id: "0A".to_owned(),
            folder: folder.to_owned(),
            version: 1,
            algorithm: KeyAlgorithm::Sm4,
            purpose: KeyUse::ExternalAuthentication,
        };
        vec![key("RKSSSE", "SSSE"), key("UKDF01", "DF01")]
    }

    fn image_of(card: &Card, layout: &ChipLayout, portrait: Option<&[u8]>) -> Result<ChipImage, ImageFault> {
        let signer = signer("K1");
        FileTree::of(layout)?.image(card, Parts { portrait, signer: layout.permit.as_ref().map(|_| &signer as _) })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 64 } else { 256 }))]

        #[test]
        fn every_layout_reads_back_to_its_fields(choices in choices(), n in 0u32..1_000_000, name in "[A-Z][A-Za-z中文é' -]{0,24}[A-Z]") {
            let mut card = card(n);
            card.application.name = name.clone();
            let layout = choices.layout(&card);
            prop_assert_eq!(layout.check(&lenient()), Ok(()));
            let image = image_of(&card, &layout, choices.portrait.as_deref()).ok().unwrap();
            let fields: BTreeMap<String, String> = decode(&image.files, &layout).unwrap().into_iter().collect();
            for record in layout.file.iter().flat_map(|f| &f.record).filter(|r| !NAME_FIELDS.contains(&r.field.as_str())) {
                let text = choices.text(&card, &record.field);
                let written = decode_value(record.kind, &encode_value(record.kind, record.len_bytes, &text).unwrap());
                prop_assert_eq!(Some(&fields[&record.field]), written.as_ref(), "{}", record.field);
            }
            prop_assert_eq!(&fields["name"], &card::name::chip_text(&name).ok().unwrap());
            if choices.signed {
                let check = verify(&image.files, &layout, &signer("K1").issuer_key()).unwrap();
                prop_assert_eq!((check.finding, check.certificate.as_str()), (PermitFinding::Good, "K1"));
            }
        }

        /// One changed byte anywhere is another image, an unread one, or (in a picture) another picture: never the same fields for other bytes.
        #[test]
        fn no_two_images_have_the_same_fields(choices in choices(), file in any::<Index>(), record in any::<Index>(), byte in any::<Index>(), bits in 1u8..) {
            let card = card(1);
            let layout = choices.layout(&card);
            let image = image_of(&card, &layout, choices.portrait.as_deref()).ok().unwrap();
            let mut changed = image.files.clone();
            let super::Content::Records(records) = &mut changed[file.index(image.files.len())].content else { return Ok(()) };
            if records.is_empty() { return Ok(()) }
            let at = record.index(records.len());
            let value = &mut records[at].value;
            let at = byte.index(value.len());
            value[at] ^= bits;
            prop_assert_ne!(decode(&changed, &layout).ok(), decode(&image.files, &layout).ok());
        }
    }

    /// Record rules that let in nothing but what the sample card has: lengths follow from the card here, not from the rules.
    fn lenient() -> card::profile::record::RecordRules {
        let mut rules = PROFILE.record.clone();
        (rules.ssn_chars_max, rules.permit_number_chars_max, rules.qr_payload_chars_max) = (1, 1, 1);
        rules
    }
}
