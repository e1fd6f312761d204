//! Permit signatures and OpenSSL 3: what we sign it verifies, what it signs we verify, and neither accepts another identity.

use std::path::Path;
use std::process::{Command, Output};

use chip::permit::{IssuerKey, PermitFinding, PermitSigner, SignFault, SoftwareSigner, permit_message, verify};
use chip::{Content, FileTree};
use sm2::dsa::Signature;
use sm2::pkcs8::{EncodePrivateKey as _, LineEnding};

use crate::chip::{card, dump, public_pem, secret, signed, signing_profile};
use crate::plant::{Plant, text};

const DISTID: &str = "1234567812345678";
const OTHER_DISTID: &str = "8765432187654321";

fn openssl(args: &[&str]) -> Output {
    Command::new("openssl").args(args).output().unwrap_or_else(|e| panic!("openssl is missing ({e}): bash tests/setup.sh"))
}

fn fine(args: &[&str]) {
    let output = openssl(args);
    assert!(output.status.success(), "openssl {args:?}: {}{}", text(&output.stdout), text(&output.stderr));
}

fn pkeyutl(action: &str, files: &[&str], distid: &str) -> Output {
    let distid = format!("distid:{distid}");
    openssl(&[&["pkeyutl", action, "-rawin", "-digest", "sm3"], files, &["-pkeyopt", &distid]].concat())
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn system_openssl_verifies_our_permit_signatures() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| path(folder.path(), name);
    for n in 1..=5 {
        let secret = secret(n);
        let signer = SoftwareSigner::from_pem(&secret.to_pkcs8_pem(LineEnding::LF).unwrap(), "K").unwrap();
        let image = signed(&card(n.into()), &signer);
        let profile = signing_profile();
        std::fs::write(at("m"), permit_message(&image.files, &FileTree::of(&profile.chip).unwrap()).unwrap()).unwrap();
        let Content::Records(records) = &image.files.last().unwrap().content else { panic!("the permit's file") };
        std::fs::write(at("s"), Signature::from_slice(&records[2].value).unwrap().to_der().as_bytes()).unwrap();
        std::fs::write(at("pub"), public_pem(&secret)).unwrap();
        let files = [at("pub"), at("m"), at("s")];
        let files = ["-pubin", "-inkey", &files[0], "-in", &files[1], "-sigfile", &files[2]];
        let good = pkeyutl("-verify", &files, DISTID);
        assert!(good.status.success() && text(&good.stdout).contains("Verified Successfully"), "{}{}", text(&good.stdout), text(&good.stderr));
        assert!(!pkeyutl("-verify", &files, OTHER_DISTID).status.success(), "another identity");
        std::fs::write(at("m"), b"another message").unwrap();
        assert!(!pkeyutl("-verify", &files, DISTID).status.success(), "another message");
    }
}

/// Every permit of one job of a night, from its encode file and with the plant's own answer for a public key.
#[test]
fn system_openssl_verifies_the_permits_of_a_night() {
    let (plant, encode) = crate::permits::night(40, 21);
    let key = crate::permits::issuer_key(&plant);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| path(folder.path(), name);
    let (profile, bytes) = (signing_profile(), std::fs::read(&encode[0]).unwrap());
    let tree = FileTree::of(&profile.chip).unwrap();
    let mut verified = 0;
    for card in crate::permits::cards(&bytes) {
        std::fs::write(at("m"), permit_message(&card, &tree).unwrap()).unwrap();
        let file = card.iter().find(|f| f.id == 0xEF17).unwrap();
        let Content::Records(records) = &file.content else { panic!("the permit's file") };
        std::fs::write(at("s"), Signature::from_slice(&records[2].value).unwrap().to_der().as_bytes()).unwrap();
        let (m, s) = (at("m"), at("s"));
        let good = pkeyutl("-verify", &["-pubin", "-inkey", key.to_str().unwrap(), "-in", &m, "-sigfile", &s], DISTID);
        assert!(good.status.success() && text(&good.stdout).contains("Verified Successfully"), "{}{}", text(&good.stdout), text(&good.stderr));
        verified += 1;
    }
    assert!(verified > 10, "{verified}");
}

/// A signer that is OpenSSL: as a module would be, behind the same trait.
struct OpenSsl<'a> {
    folder: &'a Path,
    distid: &'a str,
}

impl PermitSigner for OpenSsl<'_> {
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignFault> {
        let [m, s, key] = ["m", "s", "key"].map(|name| path(self.folder, name));
        std::fs::write(&m, message).unwrap();
        let output = pkeyutl("-sign", &["-inkey", &key, "-in", &m, "-out", &s], self.distid);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let signature = Signature::from_der(&std::fs::read(&s).unwrap()).map_err(|e| SignFault(e.to_string()))?;
        Ok(signature.to_bytes().as_slice().try_into().unwrap())
    }

    fn certificate(&self) -> &str {
        "OPENSSL"
    }
}

#[test]
fn system_we_verify_openssls_permit_signatures() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| path(folder.path(), name);
    fine(&["genpkey", "-algorithm", "SM2", "-out", &at("key")]);
    fine(&["pkey", "-in", &at("key"), "-pubout", "-out", &at("pub")]);
    let public = std::fs::read_to_string(at("pub")).unwrap();
    let key = IssuerKey::from_pem(&public).unwrap();
    let profile = signing_profile();
    let found = |distid: &str, n: u32| {
        let image = signed(&card(n), &OpenSsl { folder: folder.path(), distid });
        let check = verify(&image.files, &profile.chip, &key).unwrap();
        (check.finding, image)
    };
    for n in 1..=5 {
        assert_eq!(found(DISTID, n).0, PermitFinding::Good);
        assert_eq!(found(OTHER_DISTID, n).0, PermitFinding::WrongSignature);
    }
    // And by the program, from files alone.
    std::fs::write(at("profile.toml"), crate::chip::signing_profile_text()).unwrap();
    dump(&found(DISTID, 6).1, Path::new(&at("card.json")));
    let nowhere = Plant::at(&folder.path().join("no-plant"));
    let said = nowhere.ok(&["chip", "verify", &at("card.json"), "--issuer-key", &at("pub"), "--profile", &at("profile.toml"), "--on", "2026-01-01"]);
    assert!(said.contains("good, signed by OPENSSL"), "{said}");
}

/// Keys made by either side are read by the other.
#[test]
fn system_openssl_reads_our_keys_and_we_read_its() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| path(folder.path(), name);
    fine(&["genpkey", "-algorithm", "SM2", "-out", &at("key")]);
    let theirs = SoftwareSigner::from_pem(&std::fs::read_to_string(at("key")).unwrap(), "K").unwrap();
    let image = signed(&card(1), &theirs);
    assert_eq!(verify(&image.files, &signing_profile().chip, &theirs.issuer_key()).unwrap().finding, PermitFinding::Good);
    std::fs::write(at("ours"), secret(3).to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
    fine(&["pkey", "-in", &at("ours"), "-noout", "-check"]);
    let public = openssl(&["pkey", "-in", &at("ours"), "-pubout"]);
    assert_eq!(text(&public.stdout), public_pem(&secret(3)));
}
