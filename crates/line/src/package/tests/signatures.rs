//! Signatures that are missing, wrong, of another key or of another kind (B01–B05, B07), and keys of both worlds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use card::{Code, OutletCode};

use crate::package::keys::{SecretKey, shown};
use crate::package::signature::{OutletKey, check_public_key, verify};
use crate::package::testing::{key, outlet};

const MANIFEST: &[u8] = b"{\"format\":\"cardline-package/1\"}\n";

fn registered(key: &SecretKey) -> OutletKey {
    OutletKey { outlet: outlet(), public_key: key.public_key(), in_force: true }
}

fn code(signature: Option<&str>, registered: Option<OutletKey>) -> Option<Code> {
    verify(MANIFEST, signature.map(str::as_bytes), &outlet(), |_| registered).err().map(|r| r.code)
}

/// The signature with bytes of its first or second base64 line changed.
fn changed(signature: &str, line: usize, change: impl Fn(&mut Vec<u8>)) -> String {
    let mut lines: Vec<String> = signature.lines().map(str::to_owned).collect();
    let mut bytes = STANDARD.decode(&lines[line]).expect("base64");
    change(&mut bytes);
    lines[line] = STANDARD.encode(bytes);
    lines.join("\n")
}

#[test]
fn a_good_signature_names_its_key() {
    let signature = key().sign(MANIFEST, "first");
    let signed = verify(MANIFEST, Some(signature.as_bytes()), &outlet(), |id| (id == key().key_id()).then(|| registered(&key())));
    assert_eq!(signed, Ok(shown(key().key_id())));
    assert_eq!(signature, key().sign(MANIFEST, "first"), "equal input, equal bytes");
}

#[test]
fn b01_no_signature() {
    assert_eq!(code(None, Some(registered(&key()))), Some(Code::Sig01));
}

#[test]
fn b02_a_signature_that_does_not_verify() {
    let signature = key().sign(b"another manifest", "x");
    assert_eq!(code(Some(&signature), Some(registered(&key()))), Some(Code::Sig02));
    let good = key().sign(MANIFEST, "x");
    let comment = good.replace("trusted comment: x", "trusted comment: y");
    assert_eq!(code(Some(&comment), Some(registered(&key()))), Some(Code::Sig02), "the trusted comment is signed too");
    for (line, at) in [(1, 10), (1, 40), (1, 73), (3, 0), (3, 63)] {
        let flipped = changed(&good, line, |b| b[at] ^= 1);
        assert_eq!(code(Some(&flipped), Some(registered(&key()))), Some(Code::Sig02), "line {line} byte {at}");
    }
}

#[test]
fn b03_a_key_that_is_unknown_or_not_in_force() {
    let signature = key().sign(MANIFEST, "x");
    assert_eq!(code(Some(&signature), None), Some(Code::Sig03));
    assert_eq!(code(Some(&signature), Some(OutletKey { in_force: false, ..registered(&key()) })), Some(Code::Sig03));
    assert_eq!(code(Some(&signature), Some(OutletKey { public_key: "rubbish".to_owned(), ..registered(&key()) })), Some(Code::Sig03));
    let other = registered(&SecretKey::from_seed(&[9; 32]));
    assert_eq!(code(Some(&signature), Some(other)), Some(Code::Sig03), "a register that answers with another key");
}

#[test]
fn b04_the_key_of_another_outlet() {
    let theirs = OutletKey { outlet: OutletCode::parse("YC-07").expect("a code"), ..registered(&key()) };
    assert_eq!(code(Some(&key().sign(MANIFEST, "x")), Some(theirs.clone())), Some(Code::Sig04));
    assert_eq!(code(Some(&key().sign(b"other", "x")), Some(theirs)), Some(Code::Sig02), "only a good signature accuses another outlet");
}

#[test]
fn b05_other_algorithms_and_other_files() {
    let good = key().sign(MANIFEST, "x");
    for algorithm in [*b"Ed", *b"RS", *b"\0\0", *b"SM"] {
        let other = changed(&good, 1, |b| b[..2].copy_from_slice(&algorithm));
        assert_eq!(code(Some(&other), Some(registered(&key()))), Some(Code::Sig05), "{algorithm:?}");
    }
    let two_lines = good.lines().take(2).collect::<Vec<_>>().join("\n");
    let five_lines = format!("{good}more\n");
    let short = changed(&good, 1, |b| b.truncate(40));
    for other in ["", "none", "-----BEGIN PGP SIGNATURE-----\n\niQ\n=\n", &two_lines, &five_lines, &short, &good.replace("trusted comment: ", "comment: ")] {
        assert_eq!(code(Some(other), Some(registered(&key()))), Some(Code::Sig05), "{other:?}");
    }
    assert_eq!(verify(MANIFEST, Some(b"\xff\xfe"), &outlet(), |_| None).err().map(|r| r.code), Some(Code::Sig05));
}

#[test]
fn b07_malleated_signatures_and_weak_keys() {
    // The order of the group, little-endian: s + L verifies wherever only the equation is checked.
    let mut order = [0u8; 32];
    order[..16].copy_from_slice(&[0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14]);
    order[31] = 0x10;
    let add_order = |bytes: &mut Vec<u8>, at: usize| {
        let mut carry = 0;
        for i in 0..32 {
            let sum = u16::from(bytes[at + i]) + u16::from(order[i]) + carry;
            bytes[at + i] = sum as u8;
            carry = sum >> 8;
        }
    };
    let good = key().sign(MANIFEST, "x");
    for malleated in [changed(&good, 1, |b| add_order(b, 42)), changed(&good, 3, |b| add_order(b, 32))] {
        assert_eq!(code(Some(&malleated), Some(registered(&key()))), Some(Code::Sig02));
    }
    let identity = [&b"Ed"[..], &key().key_id(), &[1], &[0; 31]].concat();
    let zero = [&b"Ed"[..], &key().key_id(), &[0; 32]].concat();
    for weak in [identity, zero] {
        let weak = STANDARD.encode(weak);
        assert!(check_public_key(&weak).is_err());
        assert_eq!(code(Some(&good), Some(OutletKey { public_key: weak, ..registered(&key()) })), Some(Code::Sig03));
    }
}

#[test]
fn what_the_minisign_program_signed_verifies() {
    // Made once by minisign 0.11 (`minisign -G -W`, `minisign -S -t …`) over MANIFEST; the secret key was thrown away.
    const PUBLIC: &str = "RWSzI6TpOYYtHDJt/ZGLRXAcjXvhZ5s5gHaFUfr2Pf+jlcOCWzoS01As";
    const SIGNATURE: &str = "untrusted comment: signature from minisign secret key\nRUSzI6TpOYYtHBjERW19hngWzlxVqAMCkQVAobydtqUwmuZBSNu7S6eT5FjlsJ6SEMcoes/CqkX/C1Kuyvrymj0h8uuv6THhBQw=\ntrusted comment: cardline-package/1 WH-01 T-1 1\njwgNoLUbSzyZCefYKRR2naaFXv/Xdd0rR8Z95ugABVvZcCI++B1ZUNIhr/6nPY1NedF6Ck3nWh0nMfcIjPLNBg==\n";
    const LEGACY: &str = "untrusted comment: signature from minisign secret key\nRWSzI6TpOYYtHJAt8uKurpfmVePkqwNVK1NTzMQk/v7ifX83l1pKj/B1W1T1n9FGgdoKvoR8fRy/sIUXQilg4DtG3ZMu3DYDsQ0=\ntrusted comment: timestamp:1795313381\tfile:m.json\ndaIUMML1a6Am2fjnhxNBMi/VfTv/0wP3FcEcHYT1EC7dW97HpHH5OqgVfXfPN8xhedmiDdWDX9LVOa2VHt28DQ==\n";
    let theirs = OutletKey { outlet: outlet(), public_key: PUBLIC.to_owned(), in_force: true };
    assert_eq!(code(Some(SIGNATURE), Some(theirs.clone())), None);
    assert_eq!(code(Some(LEGACY), Some(theirs)), Some(Code::Sig05), "the older mode is told from the current one");
}

#[test]
fn the_minisign_crate_reads_our_keys_and_signatures() {
    let boxed = minisign::SecretKeyBox::from_string(&key().to_minisign()).expect("a box");
    let secret = minisign::SecretKey::from_unencrypted_box(boxed).expect("our key file is a minisign key file");
    let public = minisign::PublicKey::from_base64(&key().public_key()).expect("a public key");
    assert_eq!(secret.keynum(), key().key_id());
    let signature = minisign::SignatureBox::from_string(&key().sign(MANIFEST, "x")).expect("a signature");
    assert!(minisign::verify(&public, &signature, std::io::Cursor::new(MANIFEST), true, false, false).is_ok());
}

#[test]
fn keys_with_and_without_a_password_are_read() {
    let again = SecretKey::from_minisign(&key().to_minisign(), None).expect("our own file");
    assert_eq!(again.public_key(), key().public_key());
    assert!(SecretKey::from_minisign("not a key", None).is_err());
    assert!(SecretKey::from_minisign(&key().to_minisign(), Some("a password it doesn't have")).is_err());
    let pair = minisign::KeyPair::generate_encrypted_keypair(Some("a password".to_owned())).expect("a key");
    let file = pair.sk.to_box(None).expect("a box").into_string();
    let read = SecretKey::from_minisign(&file, Some("a password")).expect("the right password");
    assert_eq!(read.public_key(), pair.pk.to_base64());
    assert!(SecretKey::from_minisign(&file, Some("another")).is_err());
    assert!(SecretKey::from_minisign(&file, None).is_err(), "never asks on the terminal");
    let signature = read.sign(MANIFEST, "x");
    let registered = OutletKey { outlet: outlet(), public_key: pair.pk.to_base64(), in_force: true };
    assert_eq!(code(Some(&signature), Some(registered)), None);
}

#[test]
fn seeds_make_keys_that_differ() {
    assert_ne!(SecretKey::from_seed(&[0; 32]).key_id(), SecretKey::from_seed(&[1; 32]).key_id());
    assert_eq!(SecretKey::from_seed(&[0; 32]).public_key(), SecretKey::from_seed(&[0; 32]).public_key());
}
