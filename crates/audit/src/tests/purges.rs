//! Retention (I-29): what was purged is gone and had come to its end; what was not has its key; one thing made wrong at a time.

use card::{Code, Effect, Ordinal, Outcome, Reason};
use ledger::disk::Disk as _;
use ledger::entry::*;

use super::{broken, summary};
use crate::testing::MemoryDisk;
use crate::testing::plant::{BATCH, Twist, build, entries};

/// The letter about package 0.
const LETTER: [&str; 2] = ["returns/WH-01/P0/letter.html", "returns/WH-01/P0/letter.pdf"];
const LATER: Millis = 1_748_736_000_000 + 40 * 86_400_000;

fn purged(package: u64) -> Entry {
    Entry::PackagePurged(PackagePurged { package, who: "li".into(), reason: "30 days".into(), at: LATER })
}

fn batch_purged() -> Entry {
    Entry::BatchPurged(BatchPurged { batch: card::BatchId::parse(BATCH).unwrap(), who: "li".into(), reason: "30 days".into(), at: LATER })
}

/// Everything has come to its end: what was held is refused, no card is reported spoiled or unknown.
fn ended(all: &mut Vec<Entry>) {
    all.retain(|e| !matches!(e, Entry::Results(_)));
    for n in [4, 6] {
        let reasons = vec![Reason::with_effect(Code::Rsv01, Effect::Reject, "li", "too late")];
        let moved = Moved { ordinal: Ordinal(n), outcome: Outcome::Rejected, reasons, cause: Cause::Resolved, who: "li".into(), at: LATER - 1 };
        all.push(Entry::Moved(moved));
    }
}

/// The plant with package 0 and the batch purged, files and all.
fn clean(more: fn(&mut Vec<Entry>)) -> MemoryDisk {
    let disk = build(&entries(move |all| {
        ended(all);
        all.extend([purged(0), batch_purged()]);
        more(all);
    }));
    disk.remove_dir("vault/00000000").unwrap();
    LETTER.iter().for_each(|path| disk.remove(path).unwrap());
    for folder in ["print", "encode", "dispatch"] {
        disk.remove_dir(&format!("batches/{BATCH}/{folder}")).unwrap();
    }
    disk.remove(&format!("batches/{BATCH}/report.html")).unwrap();
    disk
}

#[test]
fn what_was_purged_still_counts_and_its_chain_is_proved() {
    let found = summary(&clean(|_| ()));
    assert!(found.ok, "{:#?}", found.findings.iter().filter(|f| !f.ok).collect::<Vec<_>>());
    assert_eq!((found.purged_packages, found.purged_batches), (1, 1));
    assert_eq!((found.packages, found.applications, found.batches, found.cards), (2, 8, 1, 5));
    assert_eq!((found.outlets["WH-01"].received, found.outlets["WH-01"].produced), (5, 3));
    let whole = summary(&build(&entries(ended)));
    assert!(whole.ok && whole.purged_packages == 0);
}

/// Without the batch the courier's list can't be held against records that are gone; it must not be called wrong for that.
#[test]
fn a_batch_may_outlive_its_packages() {
    let disk = build(&entries(|all| {
        ended(all);
        all.push(purged(0));
    }));
    disk.remove_dir("vault/00000000").unwrap();
    assert_eq!(broken(&disk), ["I-29"], "the letter goes with the package");
    LETTER.iter().for_each(|path| disk.remove(path).unwrap());
    assert_eq!(broken(&disk), [""; 0]);
}

#[test]
fn a_purged_key_or_file_that_is_still_there_is_told() {
    let whole = build(&Twist::default());
    for path in ["vault/00000000/key", "vault/00000000/contents.seg", "vault/00000000/records-00000.rec"] {
        let disk = clean(|_| ());
        disk.put(path, whole.read(path).unwrap());
        assert_eq!(broken(&disk), ["I-29"], "{path}");
    }
    for path in ["print/job-0001.pdf", "dispatch/bundles.csv", "report.html", "manifest.json.part"] {
        let disk = clean(|_| ());
        disk.put(&format!("batches/{BATCH}/{path}"), *b"x");
        assert_eq!(broken(&disk), ["I-29"], "{path}");
    }
}

/// What a kill leaves is a note until the next clean stop; then it is a violation.
#[test]
fn an_interrupted_purge_is_a_note_until_the_next_clean_stop() {
    let disk = clean(|_| ());
    disk.put("vault/00000000/key", [0; 100]);
    assert_eq!(broken(&disk), ["I-29"]);
    disk.take("ledger/head");
    let found = summary(&disk);
    assert!(found.ok && found.notes.iter().any(|n| n.contains("vault/00000000/key: the purge was interrupted")), "{:?}", found.notes);
    let run_since = clean(|all| {
        let (command, who) = ("run".into(), "li".into());
        all.push(Entry::RunStarted(RunStarted { run: 2, command, who, reason: None, resumes: None, release_id: card::Digest([1; 32]), at: LATER }));
        all.push(Entry::RunEnded(RunEnded { run: 2, exit: 0, at: LATER }));
    });
    run_since.take("ledger/head");
    assert_eq!(broken(&run_since), [""; 0]);
    run_since.put("vault/00000000/key", [0; 100]);
    assert_eq!(broken(&run_since), ["I-29"], "a run that ended has finished every purge before it");
}

#[test]
fn manifest_and_signature_of_a_purged_batch_stay_and_are_verified() {
    for name in ["manifest.json", "manifest.json.minisig"] {
        let disk = clean(|_| ());
        let path = format!("batches/{BATCH}/{name}");
        disk.take(&path);
        assert!(!broken(&disk).is_empty(), "{name} taken away");
        let disk = clean(|_| ());
        disk.change(&path, |bytes| bytes[150] ^= 1);
        assert!(broken(&disk).contains(&"I-20"), "{name} changed");
    }
}

#[test]
fn only_what_has_come_to_its_end_may_be_purged() {
    // Without the mark of a clean stop, files that are still there are a note: only what the entries say can break I-29 here.
    let told = |twist: &Twist| {
        let disk = build(twist);
        disk.take("ledger/head");
        broken(&disk).contains(&"I-29")
    };
    let rightly = |all: &mut Vec<Entry>| {
        ended(all);
        all.extend([purged(0), purged(1), batch_purged()]);
    };
    assert!(!told(&entries(rightly)), "what has ended may go");
    // 4 and 6 are held, 1 is spoiled, 5 unknown: nothing of these two packages had ended.
    for package in [0, 1, 2] {
        assert!(told(&entries(move |all| all.push(purged(package)))), "package {package}");
    }
    for n in 0..2 {
        let still_held = move |all: &mut Vec<Entry>| {
            ended(all);
            let at = all.len() - 1 - n;
            all.remove(at);
            all.push(purged(1 - n as u64));
        };
        assert!(told(&entries(still_held)));
    }
    let spoiled = |all: &mut Vec<Entry>| {
        let results = all.iter().find(|e| matches!(e, Entry::Results(_))).unwrap().clone();
        ended(all);
        all.extend([results, purged(0)]);
    };
    assert!(told(&entries(spoiled)), "application 1's card is spoiled and was not made again");
    let twist = |entry: fn() -> Entry| {
        entries(move |all| {
            ended(all);
            all.extend([purged(0), batch_purged(), entry()]);
        })
    };
    assert!(told(&twist(|| purged(0))) && told(&twist(batch_purged)), "twice");
    let nobody = || Entry::PackagePurged(PackagePurged { package: 1, who: String::new(), reason: "r".into(), at: LATER });
    assert!(told(&twist(nobody)));
    let early = |all: &mut Vec<Entry>| {
        ended(all);
        let at = all.iter().position(|e| matches!(e, Entry::BatchDispatched(_))).unwrap();
        all.insert(at, batch_purged());
    };
    assert!(told(&entries(early)), "a batch before its dispatch");
}

#[test]
fn a_key_that_is_missing_or_not_the_packages_own_is_told() {
    let plant = build(&Twist::default());
    let key = |n: u64| format!("vault/{n:08}/key");
    let disk = plant.copy();
    disk.take(&key(0));
    assert!(broken(&disk).contains(&"I-29"));
    let disk = plant.copy();
    disk.put(&key(0), plant.read(&key(1)).unwrap());
    assert!(broken(&disk).contains(&"I-16"), "another package's");
    let scope = |n: u8| crate::Scope { vault_key: Some(crate::PlantKey::new([n; 32])), ..crate::Scope::default() };
    let ok = |scope| crate::verify(&plant, &scope, &mut |_| {}).unwrap().ok;
    assert!(ok(scope(9)) && !ok(scope(8)), "another plant's key");
    let unopened = crate::verify(&plant, &crate::Scope::default(), &mut |_| {}).unwrap();
    assert!(unopened.ok && unopened.notes.iter().any(|n| n.contains("not opened")), "{:?}", unopened.notes);
}
