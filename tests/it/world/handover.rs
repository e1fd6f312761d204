//! Hand-overs in a failing world: killed at every operation under every model of loss, refused by the disk at every operation. A device
//! fetches an envelope as soon as it has its name; whatever happened, no file ever comes to a device twice, and none is lost.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};

use card::BatchId;
use ledger::book::Book;
use ledger::book::state::HandoverStage;
use ledger::disk::{Bytes, Disk, DiskFile, Entry, RelPath};
use ledger::entry::{DeviceKind, Role};
use ledger::fault::Fault;
use ledger::index::MemIndex;
use line::devices::{self, By, NewDevice};
use line::handover::resolve::{Word, say};
use line::handover::{Handed, Handover, inner};
use line::package::SecretKey;
use line::people::{self, Newcomer, Signatory};
use line::ports::Envelope;
use plant::keys::PlantKeys;
use testkit::world::{Failure, Loss, SimClock, SimDisk, State};

use super::plant::{NOW, broken, plan, run, stocked};

pub const TRAY: &str = "tray";
const EIO: i32 = 5;
const NO_ROOM: i32 = 28;

/// An envelope that hides nothing, so that the test can read what left.
pub struct Glass;

impl Envelope for Glass {
    fn recipient(&self, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    fn seal(&self, _: &str, out: &mut dyn Write, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        write(out)
    }
}

/// The device's folder, on the plant's simulated machine: one history, one power cut.
pub struct Tray(pub SimDisk);

fn below(path: RelPath) -> String {
    format!("{TRAY}/{path}")
}

impl Disk for Tray {
    fn create(&self, path: RelPath) -> io::Result<Box<dyn DiskFile>> {
        self.0.create(&below(path))
    }
    fn append(&self, path: RelPath) -> io::Result<Box<dyn DiskFile>> {
        self.0.append(&below(path))
    }
    fn truncate(&self, path: RelPath, len_bytes: u64) -> io::Result<()> {
        self.0.truncate(&below(path), len_bytes)
    }
    fn rename(&self, from: RelPath, to: RelPath) -> io::Result<()> {
        self.0.rename(&below(from), &below(to))
    }
    fn wipe(&self, path: RelPath) -> io::Result<()> {
        self.0.wipe(&below(path))
    }
    fn remove(&self, path: RelPath) -> io::Result<()> {
        self.0.remove(&below(path))
    }
    fn remove_dir(&self, path: RelPath) -> io::Result<()> {
        self.0.remove_dir(&below(path))
    }
    fn create_dir(&self, path: RelPath) -> io::Result<()> {
        self.0.create_dir(&below(path))
    }
    fn make_dir(&self, path: RelPath) -> io::Result<()> {
        self.0.make_dir(&below(path))
    }
    fn sync_dir(&self, path: RelPath) -> io::Result<()> {
        self.0.sync_dir(if path.is_empty() { TRAY } else { path })
    }
    fn list(&self, path: RelPath) -> io::Result<Vec<Entry>> {
        self.0.list(if path.is_empty() { TRAY } else { path })
    }
    fn len(&self, path: RelPath) -> io::Result<Option<u64>> {
        self.0.len(&below(path))
    }
    fn read(&self, path: RelPath) -> io::Result<Vec<u8>> {
        self.0.read(&below(path))
    }
    fn map(&self, path: RelPath) -> io::Result<Bytes> {
        self.0.map(&below(path))
    }
}

pub fn key(person: &str) -> SecretKey {
    let mut seed = [0; 32];
    seed[..person.len()].copy_from_slice(person.as_bytes());
    SecretKey::from_seed(&seed)
}

pub fn opened(disk: &SimDisk) -> Book {
    Book::open(std::sync::Arc::new(disk.clone()), Box::new(MemIndex::default())).unwrap_or_else(|e| panic!("{e}")).0
}

fn hand_over(disk: &SimDisk, book: &mut Book, batch: &BatchId) -> Result<Vec<Handed>, Fault> {
    let (keys, tray, clock) = (PlantKeys::open(disk)?, Tray(disk.clone()), SimClock::at(NOW + 1000));
    let not_after = NOW + 3_600_000;
    Handover { plant: disk, tray: &tray, signer: &keys, envelope: &Glass, clock: &clock, device: "pr-1", who: "wu", not_after }.hand_over(book, batch, None)
}

/// A plant with a batch sent out, li (supervisor), wu (operator) and a printer; everything durable.
pub fn ready() -> (State, BatchId) {
    let disk = SimDisk::of(stocked(8, 5, Some(0.0)));
    run(&disk, &plan(1)).unwrap_or_else(|e| panic!("{e}"));
    let mut book = opened(&disk);
    let batch = book.batches().unwrap()[0].batch.clone();
    let (li, wu) = (key("li"), key("wu"));
    let newcomer = |person, role, key: &SecretKey| (person, role, key.public_key());
    for (person, role, public) in [newcomer("li", Role::Supervisor, &li), newcomer("wu", Role::Operator, &wu)] {
        let by = (person != "li").then_some(Signatory { person: "li", key: &li });
        people::add(&mut book, &Newcomer { person, name: "N", role, key: &public }, by.as_ref(), NOW).unwrap();
    }
    let printer = NewDevice { device: "pr-1", kind: DeviceKind::Printer, recipient: "age1glass", sealed_only: true };
    devices::add(&mut book, &Glass, &printer, &By::Signing(Signatory { person: "li", key: &li }), NOW).unwrap();
    book.close().unwrap();
    disk.create_dir(TRAY).unwrap();
    disk.settle();
    (disk.state(), batch)
}

/// Envelopes a device can see, by name, with the file each one holds.
fn visible(state: &State) -> BTreeMap<String, String> {
    let whole = state.files(TRAY).into_iter().filter(|(path, _)| path.ends_with(".age"));
    let file = |content: &[u8]| {
        let length = u32::from_le_bytes(content[12..16].try_into().unwrap()) as usize;
        let header: inner::Header = serde_json::from_slice(&content[inner::FRONT_BYTES..][..length]).unwrap();
        header.file
    };
    whole.map(|(path, content)| (path, file(&content))).collect()
}

/// Goes on after a stop: people say truly what they see, and the hand-over is asked for until it is through. Every file must then have
/// come to the device exactly once, before or after.
fn complete(after: &State, batch: &BatchId, fetched: &BTreeMap<String, String>, wanted: usize, story: &str) {
    let disk = SimDisk::of(after.clone());
    let mut came: BTreeMap<String, usize> = BTreeMap::new();
    fetched.values().for_each(|file| *came.entry(file.clone()).or_default() += 1);
    for _ in 0..=wanted {
        let mut book = opened(&disk);
        match hand_over(&disk, &mut book, batch) {
            Ok(handed) => {
                handed.iter().filter(|h| !h.before).for_each(|h| *came.entry(h.file.clone()).or_default() += 1);
                break;
            }
            Err(fault) => {
                assert!(fault.to_string().starts_with("HND-01"), "{story}: {fault}");
                let doubt = book.handovers_in_doubt().unwrap().remove(0).begun;
                let arrived = fetched.values().any(|file| *file == doubt.file.path);
                for person in ["li", "wu"] {
                    let (secret, by_now) = (key(person), book.handover("pr-1", doubt.number).unwrap().unwrap().stage);
                    assert_eq!(by_now, HandoverStage::InDoubt, "{story}: one person is not enough");
                    let word = Word { device: "pr-1", number: doubt.number, arrived, reason: "looked", by: Signatory { person, key: &secret } };
                    say(&mut book, &word, NOW + 2000).unwrap_or_else(|e| panic!("{story}: {e}"));
                }
            }
        }
    }
    assert_eq!((came.len(), came.values().copied().max()), (wanted, Some(1)), "{story}: {came:?}");
    let wrong = broken(&disk);
    assert!(wrong.is_empty(), "{story}: {wrong:?}");
}

/// States after every operation of an undisturbed hand-over, with what had been visible by then, and the number of files.
fn trace(start: &State, batch: &BatchId) -> (Vec<(State, BTreeMap<String, String>)>, usize) {
    let disk = SimDisk::of(start.clone());
    let mut book = opened(&disk);
    disk.record();
    let handed = hand_over(&disk, &mut book, batch).unwrap_or_else(|e| panic!("{e}"));
    let (states, _) = disk.recorded();
    let mut fetched = BTreeMap::new();
    let seen = states.into_iter().map(|state| {
        fetched.extend(visible(&state));
        (state, fetched.clone())
    });
    (seen.collect(), handed.len())
}

#[test]
fn nothing_leaves_twice_wherever_a_hand_over_is_killed() {
    let (start, batch) = ready();
    let (states, wanted) = trace(&start, &batch);
    assert!(wanted >= 3 && states.len() > 6 * wanted, "{wanted} files, {} operations", states.len());
    let mut seen = HashSet::new();
    for (at, (state, fetched)) in states.iter().enumerate() {
        for loss in Loss::ALL {
            let after = state.after(loss, at as u64);
            // Equal disks go on alike.
            if seen.insert((after.digest(), fetched.len())) {
                complete(&after, &batch, fetched, wanted, &format!("{loss:?} after operation {at}"));
            }
        }
    }
    println!("{} operations, {} different disks, {wanted} files", states.len() - 1, seen.len());
}

#[test]
fn nothing_leaves_twice_wherever_the_disk_refuses() {
    let (start, batch) = ready();
    let (states, wanted) = trace(&start, &batch);
    for at in 1..states.len() as u64 {
        for failure in [Failure::Once(EIO), Failure::ShortThen(NO_ROOM)] {
            let disk = SimDisk::of(start.clone());
            let mut book = opened(&disk);
            disk.fail(disk.operations() + at, failure);
            let refused = hand_over(&disk, &mut book, &batch);
            assert!(refused.is_err(), "{failure:?} at operation {at} goes unnoticed");
            drop(book);
            complete(&disk.state(), &batch, &visible(&disk.state()), wanted, &format!("{failure:?} at operation {at}"));
        }
    }
}
