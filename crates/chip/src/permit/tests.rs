//! What a permit's signature covers, what breaks it, and that it is the same every time.

use card::Card;
use jiff::civil::date;
use proptest::prelude::*;
use sm2::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding};

use super::*;
use crate::image::{ChipImage, Parts, Permission};
use crate::samples::{card, profile, with_permit};
use crate::secret::Sm2Secret;

/// A test key; the same digit gives the same key.
fn secret(digit: u8) -> sm2::SecretKey {
    sm2::SecretKey::from_slice(&[digit; 32]).unwrap()
}

/// A signer whose key goes with its name's last character.
pub fn signer(certificate: &str) -> SoftwareSigner {
    let digit = certificate.bytes().last().unwrap();
    SoftwareSigner::from_pem(&secret(digit).to_pkcs8_pem(LineEnding::LF).unwrap(), certificate).unwrap()
}

fn signed(card: &Card) -> ChipImage {
    let profile = with_permit();
    let tree = FileTree::of(&profile.chip).unwrap();
    tree.image(card, Parts { signer: Some(&signer("K1")), portrait: None }).ok().unwrap()
}

fn found(files: &[FileImage]) -> PermitFinding {
    verify(files, &with_permit().chip, &signer("K1").issuer_key()).unwrap().finding
}

fn record(files: &mut [FileImage], id: u16, tag: u8) -> &mut Vec<u8> {
    let Content::Records(records) = &mut files.iter_mut().find(|f| f.id == id).unwrap().content else { panic!("records") };
    &mut records.iter_mut().find(|r| r.tag == tag).unwrap().value
}

#[test]
fn a_signed_permit_is_good_and_says_whose_key_it_is() {
    let check = verify(&signed(&card(1)).files, &with_permit().chip, &signer("K1").issuer_key()).unwrap();
    assert_eq!((check.finding, check.certificate.as_str(), check.card_number.as_str()), (PermitFinding::Good, "K1", "H00000012"));
    assert_eq!((check.from, check.to), (Some(date(2025, 1, 1)), Some(date(2026, 12, 31))));
}

/// The sample's days: 2025-01-01 to 2026-12-31.
#[test]
fn a_permit_is_in_force_from_its_first_day_to_its_last() {
    let check = verify(&signed(&card(1)).files, &with_permit().chip, &signer("K1").issuer_key()).unwrap();
    let on = |year, month, day| check.in_force(date(year, month, day));
    assert_eq!((on(2024, 12, 31), on(2025, 1, 1), on(2026, 12, 31), on(2027, 1, 1)), (InForce::NotYet, InForce::Yes, InForce::Yes, InForce::Over));
    let unread = PermitCheck { from: None, ..check };
    assert_eq!(unread.in_force(date(2025, 6, 1)), InForce::Over);
}

/// House rule 4: same record, same key, same bytes. The library derives the nonce (RFC 6979 with SM3).
#[test]
fn the_same_card_is_signed_the_same() {
    assert!(signed(&card(1)) == signed(&card(1)));
    let signature = |n| record(&mut signed(&card(n)).files, 0xEF17, 3).clone();
    assert_ne!(signature(1), signature(2));
}

/// The bytes of docs/formats/chip-image.md §3, built here by hand.
#[test]
fn the_documented_message() {
    let profile = with_permit();
    let image = signed(&card(1));
    let mut wanted = b"cardline-work-permit/1\0".to_vec();
    let mut item = |name: &str, value: &[u8], len: usize| {
        wanted.push(name.len() as u8);
        wanted.extend_from_slice(name.as_bytes());
        wanted.push(len as u8);
        wanted.extend_from_slice(value);
        wanted.resize(wanted.len() + len - value.len(), 0);
    };
    let gbk = |text: &str| card::name::gbk(text).unwrap();
    item("permit_certificate", b"K1", 32);
    item("card_number", b"H00000012", 9);
    item("expires_on", &[0x20, 0x35, 0x06, 0x01], 4);
    item("ssn", b"SWE0X00000001", 18);
    item("name", b"EXAMPLE, ANNA MARIA", 30);
    item("name_extension", b"", 20);
    item("sex", b"2", 1);
    item("birth_date", &[0x19, 0x85, 0x08, 0x12], 4);
    item("nationality_iso", b"SWE", 3);
    item("work_permit_number", b"420000000001", 20);
    item("work_permit_category", b"A", 1);
    item("employer_name", &gbk("湖北示例科技有限公司"), 120);
    item("work_permit_from", &[0x20, 0x25, 0x01, 0x01], 4);
    item("work_permit_to", &[0x20, 0x26, 0x12, 0x31], 4);
    item("permit_authority", &gbk("湖北省人力资源和社会保障厅"), 60);
    assert!(permit_message(&image.files, &FileTree::of(&profile.chip).unwrap()).unwrap() == wanted);
}

#[test]
fn every_covered_bit_counts() {
    let good = signed(&card(1)).files;
    let profile = with_permit();
    let tree = FileTree::of(&profile.chip).unwrap();
    let covers = &profile.chip.permit.as_ref().unwrap().covers;
    for field in covers.iter().map(String::as_str).chain([PERMIT_CERTIFICATE, PERMIT_SIGNATURE]) {
        let (place, place_of_record) = tree.record_of(field).unwrap();
        for at in [0, place_of_record.len_bytes - 1] {
            let mut files = good.clone();
            record(&mut files, place.id, place_of_record.tag)[at] ^= 0x01;
            let wanted = if field == "card_number" { PermitFinding::OtherCard } else { PermitFinding::WrongSignature };
            assert_eq!(found(&files), wanted, "{field}");
        }
    }
    let mut files = good;
    record(&mut files, 0xEF16, 6)[0] ^= 0x01;
    assert_eq!(found(&files), PermitFinding::Good, "the QR payload is not covered by this profile");
}

#[test]
fn a_signature_copied_to_another_card_is_seen() {
    let (mut mine, theirs) = (signed(&card(2)).files, signed(&card(1)).files);
    let at = mine.iter().position(|f| f.id == 0xEF17).unwrap();
    mine[at] = theirs.into_iter().find(|f| f.id == 0xEF17).unwrap();
    assert_eq!(found(&mine), PermitFinding::OtherCard);
    record(&mut mine, 0xEF17, 1).copy_from_slice(card(2).number.as_bytes());
    assert_eq!(found(&mine), PermitFinding::WrongSignature, "with the number changed too");
    // The whole of another card, under this card's number.
    let mut copied = signed(&card(1)).files;
    record(&mut copied, 0xEF05, 7).copy_from_slice(card(2).number.as_bytes());
    record(&mut copied, 0xEF17, 1).copy_from_slice(card(2).number.as_bytes());
    assert_eq!(found(&copied), PermitFinding::WrongSignature);
}

#[test]
fn no_signature_another_key_and_another_layout_are_told_apart() {
    let mut files = signed(&card(1)).files;
    let other = verify(&files, &with_permit().chip, &signer("K2").issuer_key()).unwrap();
    assert_eq!(other.finding, PermitFinding::WrongSignature);
    for unwritten in [0x00, 0xFF] {
        record(&mut files, 0xEF17, 3).fill(unwritten);
        assert_eq!(found(&files), PermitFinding::NoSignature);
    }
    files.retain(|f| f.id != 0xEF17);
    assert_eq!(found(&files), PermitFinding::NoSignature);
    assert_eq!(verify(&files, &profile().chip, &signer("K1").issuer_key()).err().unwrap().what, "the profile signs none");
    let mut files = signed(&card(1)).files;
    files.retain(|f| f.id != 0xEF06);
    assert_eq!(verify(&files, &with_permit().chip, &signer("K1").issuer_key()).err().unwrap().to_string(), "ssn: missing");
}

#[test]
fn a_signer_is_there_exactly_when_the_layout_asks() {
    let (plain, signing) = (profile(), with_permit());
    let key = signer("K1");
    let problem = |layout, signer| match FileTree::of(layout).unwrap().image(&card(1), Parts { signer, portrait: None }) {
        Err(fault) => fault.to_string(),
        Ok(_) => "made".to_owned(),
    };
    assert_eq!(problem(&plain.chip, Some(&key as _)), "permit: not in the layout");
    assert_eq!(problem(&signing.chip, None), "permit: no signer");
    assert_eq!(problem(&signing.chip, Some(&Broken as _)), "permit signer: out of order");
    assert_eq!(problem(&signing.chip, Some(&signer(&"K".repeat(33)) as _)), "permit_certificate: 33 bytes, at most 32");
}

#[test]
fn a_signer_is_tried_before_any_card_is_made() {
    let (plain, signing) = (profile(), with_permit());
    let [unsigned, signed] = [&plain, &signing].map(|p| FileTree::of(&p.chip).unwrap());
    let key = signer("K1");
    assert!(ready(&unsigned, None).unwrap().is_none() && ready(&unsigned, Some(&Broken)).unwrap().is_none(), "it isn't asked");
    assert_eq!(ready(&signed, Some(&key)).unwrap().unwrap().certificate(), "K1");
    let refused = |signer: Option<&dyn PermitSigner>| ready(&signed, signer).err().unwrap().to_string();
    assert!(refused(None).contains("nobody signs"));
    assert_eq!(refused(Some(&Broken)), "out of order");
    assert!(refused(Some(&Moody(0.into()))).contains("differently each time"));
    for name in ["K".repeat(33), "é1".to_owned(), "1".repeat(40)] {
        assert!(refused(Some(&signer(&name))).contains("certificate"), "{name}");
    }
    let nameless = SoftwareSigner::new(&Sm2Secret::take(&mut [1; 32]), "").unwrap();
    assert!(refused(Some(&nameless)).contains("certificate"));
}

/// Signs as a module with a random nonce would.
struct Moody(std::sync::atomic::AtomicU8);

impl PermitSigner for Moody {
    fn sign(&self, _: &[u8]) -> Result<[u8; PERMIT_SIGNATURE_BYTES], SignFault> {
        Ok([self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed); PERMIT_SIGNATURE_BYTES])
    }

    fn certificate(&self) -> &str {
        "K1"
    }
}

/// The numbers that are keys: 1 to the order of the curve (GB/T 32918.5-2017) less 1.
#[test]
fn a_secret_half_makes_the_same_key_as_its_pem() {
    let scalar = |n: u8| Sm2Secret::take(&mut [n; 32]);
    let ours = SoftwareSigner::new(&scalar(b'1'), "K1").unwrap();
    let pem = ours.issuer_key().to_pem().unwrap();
    assert_eq!(pem, secret(b'1').public_key().to_public_key_pem(LineEnding::LF).unwrap());
    assert_eq!(IssuerKey::from_pem(&pem).unwrap().check_value(), ours.issuer_key().check_value());
    assert_ne!(SoftwareSigner::new(&scalar(2), "K1").unwrap().issuer_key().check_value(), ours.issuer_key().check_value());
    assert_eq!(ours.sign(b"x").unwrap(), signer("K1").sign(b"x").unwrap());
    let mut order = *b"\xFF\xFF\xFF\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x72\x03\xDF\x6B\x21\xC6\x05\x2B\x53\xBB\xF4\x09\x39\xD5\x41\x23";
    assert!(SoftwareSigner::new(&scalar(0), "K").is_err() && SoftwareSigner::new(&Sm2Secret::take(&mut order.clone()), "K").is_err());
    order[31] -= 1;
    // The order less 1 has no inverse of 1 + d: it can't sign, whether it is refused here or then.
    assert!(SoftwareSigner::new(&Sm2Secret::take(&mut order), "K").ok().is_none_or(|signer| signer.sign(b"x").is_err()));
}

struct Broken;

impl PermitSigner for Broken {
    fn sign(&self, _: &[u8]) -> Result<[u8; PERMIT_SIGNATURE_BYTES], SignFault> {
        Err(SignFault("out of order".to_owned()))
    }

    fn certificate(&self) -> &str {
        "K1"
    }
}

#[test]
fn keys_are_sm2_keys_in_pem() {
    let public = secret(7).public_key().to_public_key_pem(LineEnding::LF).unwrap();
    assert!(IssuerKey::from_pem(&public).is_ok());
    let private = secret(7).to_pkcs8_pem(LineEnding::LF).unwrap();
    for wrong in ["", "x", &private, &public.replace("PUBLIC", "PRIVATE"), &public[..public.len() / 2]] {
        assert!(IssuerKey::from_pem(wrong).is_err());
        assert!(SoftwareSigner::from_pem(&wrong.replace("PRIVATE", "PUBLIC"), "K").is_err());
    }
    // P-256, of the same length and form: another curve.
    let p256 = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZZs151iLS9Ylyu0XIpu59IBl6KbI\nDHTtdAxwcvkVmFPM5Af9tfsqP8Rg1r+uskXn40ENpe3nyXUD0I/pmSKq1w==\n-----END PUBLIC KEY-----\n";
    assert!(IssuerKey::from_pem(p256).is_err());
}

#[test]
fn who_may_use_a_file_is_not_signed_but_read() {
    let mut files = signed(&card(1)).files;
    files[0].access.read = Permission::Never;
    assert_eq!(found(&files), PermitFinding::Good, "an inspector reads values; access is the card's business");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_signature_verifies(n in 0u32..1_000_000, name in "[A-Z][A-Za-z' -]{0,30}", key in 1u8..=9) {
        let mut card = card(n);
        card.application.name = name;
        let profile = with_permit();
        let signer = signer(&format!("K{key}"));
        let image = FileTree::of(&profile.chip).unwrap().image(&card, Parts { signer: Some(&signer), portrait: None }).ok().unwrap();
        prop_assert_eq!(verify(&image.files, &profile.chip, &signer.issuer_key()).unwrap().finding, PermitFinding::Good);
    }
}
