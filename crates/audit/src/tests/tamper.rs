//! Bits flipped, files and entries taken away: nothing that counts can change unseen.

use ledger::disk::Disk as _;

use super::{broken, summary};
use crate::testing::plant::{Twist, build, entries};

#[test]
fn i17_the_journal_is_whole() {
    let plant = build(&Twist::default());
    let segments: Vec<String> = plant.paths().into_iter().filter(|p| p.starts_with("ledger/")).collect();
    assert!(segments.len() > 3, "{segments:?}");
    for path in &segments {
        let len = plant.read(path).unwrap().len();
        for at in (0..len).step_by(7) {
            let disk = plant.copy();
            disk.change(path, |bytes| bytes[at] ^= 1 << (at % 8));
            assert_eq!(broken(&disk), ["I-17"], "{path} byte {at}");
        }
        if !path.ends_with("head") {
            let disk = plant.copy();
            disk.take(path);
            assert_eq!(broken(&disk), ["I-17"], "{path} taken away");
        }
    }
}

#[test]
fn a_torn_last_commit_is_passed_over_and_a_lost_acknowledged_one_is_not() {
    let plant = build(&Twist::default());
    let last = plant.paths().into_iter().rfind(|p| p.starts_with("ledger/journal")).unwrap();
    let disk = plant.copy();
    disk.change(&last, |bytes| bytes.extend_from_slice(&[7; 20]));
    let found = summary(&disk);
    assert!(found.ok && found.notes.iter().any(|n| n.contains("incomplete last commit")), "{:?}", found.notes);
    let disk = plant.copy();
    disk.change(&last, |bytes| bytes.truncate(bytes.len() - 1));
    assert_eq!(broken(&disk), ["I-17"]);
}

/// Bit by bit over every file of the plant: nothing that counts can change unseen.
#[test]
fn flipped_bits_are_noticed_wherever_they_are() {
    let plant = build(&Twist::default());
    for path in plant.paths() {
        let bytes = plant.read(&path).unwrap();
        // The clock's page and the comment line of keys prove nothing and are covered by nothing.
        let key = path.ends_with(".pub");
        let free = if key { bytes.iter().position(|b| *b == b'\n').unwrap() + 1 } else { 0 };
        let bytes = if key { bytes.trim_ascii_end() } else { &bytes[..] };
        if path.ends_with("report.html") {
            continue;
        }
        let step = (bytes.len() - free).div_ceil(40);
        for at in (free..bytes.len()).step_by(step) {
            let disk = plant.copy();
            disk.change(&path, |bytes| bytes[at] ^= 1 << (at % 7));
            assert!(!broken(&disk).is_empty(), "{path} byte {at}");
        }
    }
}

/// A journal that was forged and chained anew, mark and all: what its entries mean must still fit the files.
#[test]
fn an_entry_taken_out_of_a_chained_journal_is_noticed_by_what_it_meant() {
    let total = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let names = total.clone();
    build(&entries(move |all| *names.borrow_mut() = all.iter().map(|e| format!("{e:?}").split('(').next().unwrap().to_owned()).collect()));
    let names = total.borrow().clone();
    for (i, name) in names.iter().enumerate() {
        let disk = build(&entries(move |all| drop(all.remove(i))));
        // These say something nothing else depends on; only a witness of the head shows that they are gone.
        let silent = ["PlantCreated", "RegisterImported", "PackageSetAside", "RunStarted", "RunEnded", "Results", "CardEvent"].contains(&name.as_str());
        assert!(silent || !broken(&disk).is_empty(), "entry {i}, {name}, is not missed");
    }
}
