//! Nights whose profile wants signed work permits: every card is signed, an inspector's check passes with the issuer's public key alone,
//! and without a signer nothing is begun.

use std::path::PathBuf;

use card::profile::{CHIP_PERMIT, HUBEI_FOREIGNER_2025};
use card::{Code, Profile};
use chip::Sm2Secret;
use chip::permit::{PermitSigner, SignFault, SoftwareSigner};
use jiff::civil::date;
use ledger::book::Book;
use ledger::fault::Fault;
use ledger::index::MemIndex;
use line::plan::{Plan, World};
use line::run::{Halves, Starter};
use testkit::world::{SimClock, SimDisk};

use crate::keys::{PASSPHRASE, fine, refused, with_passphrase};
use crate::plant::{Plant, assert_same, text};
use crate::world::plant::{NOW, broken, difference, outputs, plan, stocked, world};

const CERTIFICATE: &str = "HB-2026-01";

/// A plant whose profile wants signatures.
fn signing(applications: u32, seed: u64) -> Plant {
    let plant = Plant::stocked(applications, seed);
    std::fs::write(plant.root.join("permit.toml"), format!("{HUBEI_FOREIGNER_2025}{CHIP_PERMIT}")).unwrap();
    plant.configure("file", "\"permit.toml\"");
    plant
}

fn with_keys(plant: Plant) -> Plant {
    plant.configure("store", "\"file\"");
    fine(&with_passphrase(&plant, &["keys", "create", "--permit-issuer", CERTIFICATE], PASSPHRASE));
    plant
}

/// The issuer's public key in a file.
pub fn issuer_key(plant: &Plant) -> PathBuf {
    let said = with_passphrase(plant, &["keys", "issuer-key"], PASSPHRASE);
    fine(&said);
    let path = plant.root.join("issuer.pem");
    std::fs::write(&path, &said.stdout).unwrap();
    path
}

/// A night with keys and signatures, done; and its encode files.
pub fn night(applications: u32, seed: u64) -> (Plant, Vec<PathBuf>) {
    let plant = with_keys(signing(applications, seed));
    fine(&with_passphrase(&plant, &["run"], PASSPHRASE));
    let files = plant.files("batches").into_keys().filter(|path| path.ends_with(".cps")).map(|path| plant.root.join(path)).collect();
    (plant, files)
}

/// The files of every card of an encode file.
#[cfg(feature = "system-tests")]
pub fn cards(encode: &[u8]) -> Vec<Vec<chip::FileImage>> {
    chip::cps::CpsReader::open(encode).unwrap().map(|card| chip::cps::files_of(&card.unwrap())).collect()
}

#[test]
fn every_permit_of_a_night_is_signed_and_checked_from_its_own_files() {
    let (plant, files) = night(120, 15);
    let key = issuer_key(&plant);
    let mut checked = 0;
    for file in &files {
        let said = plant.ok(&["chip", "verify", file.to_str().unwrap(), "--issuer-key", key.to_str().unwrap()]);
        assert!(said.lines().all(|l| l.contains(&format!("good, signed by {CERTIFICATE}; "))), "{said}");
        checked += said.lines().count();
    }
    assert!(files.len() > 1 && checked > 40, "{checked} cards in {} jobs", files.len());
    let listed = with_passphrase(&plant, &["keys", "list"], PASSPHRASE);
    let pem = std::fs::read_to_string(&key).unwrap();
    assert!(text(&listed.stdout).contains(&format!("{CERTIFICATE}  version 1  SM2  check value ")) && text(&listed.stdout).contains(&pem));
    // Another issuer's key: not one of them.
    let (other, _) = night(20, 16);
    let theirs = issuer_key(&other);
    let output = plant.run(&["chip", "verify", files[0].to_str().unwrap(), "--issuer-key", theirs.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(65));
    assert!(text(&output.stdout).lines().all(|l| l.ends_with("wrong signature")), "{}", text(&output.stdout));
    plant.ok(&["verify"]);
    fine(&with_passphrase(&plant, &["verify", "--sample", "100%"], PASSPHRASE));
}

#[test]
fn the_issuers_secret_is_in_its_file_alone() {
    let (plant, _) = night(30, 17);
    let file = std::fs::read(plant.root.join("keys/card-keys.age")).unwrap();
    let issuer = plant::file_keys::open(&file, PASSPHRASE).ok().unwrap().issuer.unwrap();
    let halves = issuer.secret().expose().as_chunks::<16>().0;
    let wanted = crate::keys::needles(halves);
    for (path, bytes) in plant.files("") {
        assert_eq!(crate::keys::leaks(&bytes, &wanted), 0, "the issuer's key in {path}");
    }
    for said in [with_passphrase(&plant, &["keys", "list"], PASSPHRASE), with_passphrase(&plant, &["keys", "issuer-key"], PASSPHRASE)] {
        assert_eq!(crate::keys::leaks(&said.stdout, &wanted) + crate::keys::leaks(&said.stderr, &wanted), 0);
    }
}

#[test]
fn signatures_are_the_same_on_any_number_of_threads() {
    let one = with_keys(signing(40, 18));
    let two = one.copy();
    fine(&with_passphrase(&one, &["run", "--threads", "1"], PASSPHRASE));
    fine(&with_passphrase(&two, &["run", "--threads", "2"], PASSPHRASE));
    assert_same(&one.outputs(), &two.outputs());
}

#[test]
fn without_a_signer_no_night_is_begun() {
    let plant = signing(20, 19);
    let before = plant.journal_bytes();
    refused(&with_passphrase(&plant, &["run"], PASSPHRASE), "KEY-10 permit signer: the profile wants signed work permits");
    plant.configure("store", "\"file\"");
    let unsaid = with_passphrase(&plant, &["keys", "create"], PASSPHRASE);
    assert!(unsaid.status.code() == Some(64) && text(&unsaid.stderr).contains("--permit-issuer"), "{}", text(&unsaid.stderr));
    refused(&with_passphrase(&plant, &["keys", "create", "--permit-issuer", "no reference"], PASSPHRASE), "KEY-04");
    assert_eq!(plant.journal_bytes(), before, "nothing was begun");
    // Keys that were made before the profile wanted signatures.
    let plant = Plant::stocked(20, 19);
    plant.configure("store", "\"file\"");
    fine(&with_passphrase(&plant, &["keys", "create"], PASSPHRASE));
    refused(&with_passphrase(&plant, &["keys", "issuer-key"], PASSPHRASE), "KEY-10");
    std::fs::write(plant.root.join("permit.toml"), format!("{HUBEI_FOREIGNER_2025}{CHIP_PERMIT}")).unwrap();
    plant.configure("file", "\"permit.toml\"");
    let before = plant.journal_bytes();
    refused(&with_passphrase(&plant, &["produce"], PASSPHRASE), "KEY-10");
    assert_eq!(plant.journal_bytes(), before);
    // The day side needs none.
    plant.ok(&["intake"]);
}

#[test]
fn a_plant_with_signed_permits_rehearses_without_them() {
    let plant = with_keys(signing(50, 8));
    let clock = "2026-11-22T15:00:00Z";
    fine(&crate::keys::with_passphrase_at(&plant, clock, &["run"], PASSPHRASE));
    let told = plant.ok(&["drill", "--json", "--packages", "2", "--rounds", "2", "--kills", "1", "--bits", "2"]);
    assert!(told.contains("SIGKILL") && !told.contains("\"ok\":false"), "{told}");
}

/// A signer that fails at one of its signatures, counted from 1; the first two are its trial.
struct FailsAt {
    key: SoftwareSigner,
    at: u32,
    asked: std::sync::atomic::AtomicU32,
}

impl PermitSigner for FailsAt {
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignFault> {
        let asked = 1 + self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if asked == self.at { Err(SignFault("out of order".to_owned())) } else { self.key.sign(message) }
    }

    fn certificate(&self) -> &str {
        self.key.certificate()
    }
}

fn run(disk: &SimDisk, plan: &Plan, fails_at: u32) -> Result<(), Fault> {
    let mut secret = [3; 32];
    let signer = FailsAt { key: SoftwareSigner::new(&Sm2Secret::take(&mut secret), CERTIFICATE).unwrap(), at: fails_at, asked: 0.into() };
    let world = World { permit_signer: Some(std::sync::Arc::new(signer)), ..world(disk, &SimClock::at(NOW))? };
    let (mut book, _) = Book::open(world.disk.clone(), Box::new(MemIndex::default()))?;
    let starter = Starter { command: "run".into(), who: "scheduler".into(), reason: Some("again".into()) };
    line::run::run(&world, plan, &mut book, &starter, Halves { intake: true, produce: true })?;
    line::run::end(&world, &mut book, 0)
}

/// A signer that fails is no reason to spoil a card: the night stops with its code, and goes on to the same bytes when it signs again.
#[test]
fn a_signer_that_fails_stops_the_night_and_spoils_nothing() {
    let profile = Profile::parse(&format!("{HUBEI_FOREIGNER_2025}{CHIP_PERMIT}"), date(2026, 11, 22)).unwrap();
    let plan = Plan { profile: profile.without_faces(), ..plan(1) };
    let start = stocked(30, 4, Some(0.0));
    let alone = SimDisk::of(start.clone());
    run(&alone, &plan, 0).unwrap_or_else(|e| panic!("{e}"));
    let wanted = outputs(&alone.state());
    for at in [1, 2, 3, 14, 27] {
        let disk = SimDisk::of(start.clone());
        let fault = run(&disk, &plan, at).unwrap_err();
        assert!(matches!(&fault, Fault::Refused { code: Code::Key10, text } if text.contains("out of order")), "{fault}");
        run(&disk, &plan, 0).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(difference(&wanted, &outputs(&disk.state())), None, "failed at {at}");
        assert_eq!(broken(&disk), Vec::<String>::new());
    }
}
