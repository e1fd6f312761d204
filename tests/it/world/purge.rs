//! The purge in a world that fails: killed at every operation under every model of loss, what the ledger says is finished afterwards.
//! And its rules, on a ledger written by hand.

use std::collections::HashSet;
use std::sync::Arc;

use card::profile::retention::Retention;
use card::reason::{Code, Effect, Reason};
use card::{BatchId, BusinessType, Digest, Keyed, Lane, Ordinal, Outcome, OutletCode};
use ledger::book::Book;
use ledger::disk::Disk;
use ledger::entry::*;
use ledger::fault::Fault;
use ledger::index::MemIndex;
use line::decide::Author;
use line::purge::{self, Due, Waits};
use testkit::world::{Loss, SimClock, SimDisk, State};

use super::plant::{NOW, broken, outputs, plan, run, run_at, stocked, world};

const DAY: Millis = 86_400_000;
const RULES: Retention = Retention { produced_days: 30, refused_days: 20 };

/// One purge at a time of the clock, as `cardline purge` does it.
fn purge_at(disk: &SimDisk, now: Millis) -> Result<Due, Fault> {
    let world = world(disk, &SimClock::at(now))?;
    let (mut book, _) = Book::open(world.disk.clone(), Box::new(MemIndex::default()))?;
    purge::finish(&world, &book)?;
    let due = purge::due(&book, RULES, world.clock.now())?;
    purge::purge(&world, &mut book, &due, &Author { who: "li", reason: "days over", at: world.clock.now() })?;
    book.close()?;
    Ok(due)
}

/// Files below a folder, without what stays.
fn left(state: &State, folder: &str) -> Vec<String> {
    state.files(folder).into_keys().filter(|path| !path.ends_with("manifest.json") && !path.ends_with("manifest.json.minisig")).collect()
}

/// Packages the vault still holds anything of.
fn in_vault(state: &State) -> HashSet<String> {
    state.files("vault").into_keys().filter_map(|path| path.split('/').nth(1).map(str::to_owned)).collect()
}

#[test]
fn a_kill_at_any_operation_of_a_purge_is_finished_by_the_next() {
    let start = finished_night();
    let (whole, trace) = (SimDisk::of(start.clone()), SimDisk::of(start.clone()));
    let due = purge_at(&whole, NOW + 40 * DAY).unwrap_or_else(|e| panic!("{e}"));
    assert!(!due.packages.is_empty() && due.batches.len() == 1, "{} packages", due.packages.len());
    let wanted = (in_vault(&whole.state()), outputs(&whole.state()));
    assert_eq!(left(&whole.state(), "batches"), Vec::<String>::new());
    assert_eq!(wanted.0.len() + due.packages.len(), in_vault(&start).len());
    trace.record();
    purge_at(&trace, NOW + 40 * DAY).unwrap_or_else(|e| panic!("{e}"));
    let (states, names) = trace.recorded();
    let mut seen = HashSet::new();
    for (at, state) in states.iter().enumerate() {
        for loss in Loss::ALL {
            let after = state.after(loss, at as u64);
            if !seen.insert(after.digest()) {
                continue;
            }
            let story = format!("{loss:?} after operation {at} ({})", at.checked_sub(1).map_or("the start", |i| names[i].as_str()));
            let disk = SimDisk::of(after);
            assert_eq!(broken(&disk), Vec::<String>::new(), "{story}: an interrupted purge is no violation");
            // Every other time a run comes first: it finishes what was begun and purges nothing more.
            if at % 2 == 0 {
                run_at(&disk, &plan(1), &SimClock::at(NOW + 40 * DAY)).unwrap_or_else(|e| panic!("{story}: the run after it: {e}"));
                assert_eq!(broken(&disk), Vec::<String>::new(), "{story}: after a run");
            }
            purge_at(&disk, NOW + 40 * DAY).unwrap_or_else(|e| panic!("{story}: {e}"));
            assert!((in_vault(&disk.state()), outputs(&disk.state())) == wanted, "{story}: something else is left");
            assert_eq!(broken(&disk), Vec::<String>::new(), "{story}");
        }
    }
    println!("{} operations, {} different disks, all finished", names.len(), seen.len());
    assert!(names.len() > 30 && seen.len() > 40);
}

/// A plant after one night in which nothing was refused for its photo or record.
fn finished_night() -> State {
    let disk = SimDisk::of(stocked(30, 5, Some(0.0)));
    run(&disk, &plan(1)).unwrap_or_else(|e| panic!("{e}"));
    disk.settle();
    disk.state()
}

#[test]
fn a_purge_before_the_days_are_over_and_a_second_one_do_nothing() {
    let disk = SimDisk::of(finished_night());
    let young = purge_at(&disk, NOW + 20 * DAY - 1).unwrap_or_else(|e| panic!("{e}"));
    assert!(young.packages.is_empty() && young.batches.is_empty() && young.young > 0);
    let first = purge_at(&disk, NOW + 30 * DAY).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(first.packages.len() as u64, young.young);
    let second = purge_at(&disk, NOW + 99 * DAY).unwrap_or_else(|e| panic!("{e}"));
    assert!(second.packages.is_empty() && second.batches.is_empty() && second.young == 0);
}

/// The key is overwritten and durable before the files go: a sector that remembers the old bytes is all that could be left of it.
#[test]
fn the_key_is_destroyed_before_anything_else_is_removed() {
    let disk = SimDisk::of(finished_night());
    disk.record();
    purge_at(&disk, NOW + 40 * DAY).unwrap_or_else(|e| panic!("{e}"));
    let (_, names) = disk.recorded();
    let at = |name: &str| names.iter().position(|n| n == name).unwrap_or_else(|| panic!("no {name} among {names:#?}"));
    let folder = "vault/00000000";
    let order = [
        format!("wipe {folder}/key"),
        format!("sync {folder}/key"),
        format!("remove {folder}/key"),
        format!("sync_dir {folder}"),
        format!("remove_dir {folder}"),
    ];
    let order: Vec<usize> = order.iter().map(|name| at(name)).collect();
    assert!(order.windows(2).all(|pair| pair[0] < pair[1]), "{order:?}");
    assert!(names[..order[0]].iter().any(|n| n.starts_with("sync ledger/journal")), "written down first: {names:#?}");
}

/// A ledger of one package with one application, and whatever a test adds.
struct Told {
    book: Book,
}

const AT: Millis = 1_000 * DAY;

impl Told {
    fn new(outcome: Outcome) -> Self {
        let disk = Arc::new(SimDisk::default());
        disk.create_dir("ledger").expect("a folder");
        let mut told = Self { book: Book::create(disk, Box::new(MemIndex::default()), "p").unwrap_or_else(|e| panic!("{e}")) };
        told.received();
        told.judged(outcome);
        told.and(Entry::PackageAnswered(PackageAnswered { package: 0, files: Vec::new(), at: AT }))
    }

    fn and(mut self, entry: Entry) -> Self {
        self.book.record(&entry).unwrap_or_else(|e| panic!("{e}"));
        self
    }

    fn received(&mut self) {
        let received = PackageReceived {
            package: 0,
            outlet: OutletCode::parse("WH-01").expect("a code"),
            package_id: "P".into(),
            sequence: 1,
            channel: "individual".into(),
            employer_code: None,
            manifest: Digest([0; 32]),
            signed_by: None,
            submitted_at: AT,
            received_at: AT,
            first_ordinal: Ordinal(0),
            count: 1,
            vault_path: "vault/00000000/contents.seg".into(),
            vault_digest: Digest([0; 32]),
            container: "p.zip".into(),
            reasons: Vec::new(),
        };
        self.book.record(&Entry::PackageReceived(received)).unwrap_or_else(|e| panic!("{e}"));
    }

    fn judged(&mut self, outcome: Outcome) {
        let key = Keyed::of(&[0; 32], "k", &[b"x"]);
        let facts = Facts {
            business_type: BusinessType::New,
            lane: Lane::Normal,
            mail: false,
            document_key: key,
            ssn_key: key,
            likeness_key: key,
            content_key: key,
            supersedes: None,
        };
        let (photo, facts) = (Some(Digest([1; 32])), Some(facts));
        let application =
            JudgedApplication { ordinal: Ordinal(0), application_id: "A".into(), outcome, reasons: Vec::new(), photo, photo_validated: photo, facts };
        let vault_path = "vault/00000000/records-00000.rec".into();
        let judged = Judged { package: 0, first_row: 0, vault_path, vault_digest: Digest([0; 32]), applications: vec![application], at: AT };
        self.book.record(&Entry::Judged(judged)).unwrap_or_else(|e| panic!("{e}"));
    }

    fn moved(self, outcome: Outcome, cause: Cause, at: Millis) -> Self {
        let reasons = vec![Reason::with_effect(Code::Wdr01, Effect::Reject, "li", "left")];
        self.and(Entry::Moved(Moved { ordinal: Ordinal(0), outcome, reasons, cause, who: "li".into(), at }))
    }

    fn cut(self, batch: &str, generation: u32) -> Self {
        let cards = vec![CutCard { ordinal: Ordinal(0), number: "H00000000".into(), generation }];
        self.and(Entry::BatchCut(BatchCut {
            batch: id(batch),
            frozen_at: AT,
            release_id: Digest([0; 32]),
            profile: "p".into(),
            cards_per_job: 1,
            numbers_next: Vec::new(),
            registers: Vec::new(),
            arrived_until: Ordinal(1),
            cards,
        }))
    }

    fn dispatched(self, batch: &str) -> Self {
        self.and(Entry::BatchDispatched(BatchDispatched { batch: id(batch), files: Vec::new(), at: AT }))
    }

    fn result(self, batch: &str, result: MachineResult) -> Self {
        let card = CardResult { number: "H00000000".into(), result, card_identification: None, atr: None, box_position: None, failure: None };
        self.and(Entry::Results(Results { batch: id(batch), file: Digest([batch.len() as u8; 32]), cards: vec![card], at: AT + DAY }))
    }

    fn run_started(self, run: u64, resumes: Option<u64>, at: Millis) -> Self {
        let (command, who) = ("run".into(), "li".into());
        self.and(Entry::RunStarted(RunStarted { run, command, who, reason: Some("r".into()), resumes, release_id: Digest([0; 32]), at }))
    }

    /// What the purge makes of package 0, `days` after everything.
    fn at(&self, days: i64) -> Fate {
        let due = purge::due(&self.book, RULES, AT + days * DAY).unwrap_or_else(|e| panic!("{e}"));
        match (due.packages.as_slice(), due.waiting.as_slice(), due.young) {
            ([0], [], 0) => Fate::Goes,
            ([], [(0, waits)], 0) => Fate::Waits(*waits),
            ([], [], 1) => Fate::Young,
            other => panic!("{other:?}"),
        }
    }

    /// Batches that go, `days` after everything.
    fn batches_at(&self, days: i64) -> usize {
        purge::due(&self.book, RULES, AT + days * DAY).unwrap_or_else(|e| panic!("{e}")).batches.len()
    }
}

fn id(batch: &str) -> BatchId {
    BatchId::parse(batch).expect("a batch")
}

#[derive(PartialEq, Debug)]
enum Fate {
    Goes,
    Young,
    Waits(Waits),
}

const FIRST: &str = "B20250601-01";
const SECOND: &str = "B20250602-01";

#[test]
fn refused_and_withdrawn_applications_go_days_after_answer_or_decision() {
    let rejected = Told::new(Outcome::Rejected);
    assert_eq!([rejected.at(19), rejected.at(20)], [Fate::Young, Fate::Goes]);
    let withdrawn = Told::new(Outcome::Accepted).moved(Outcome::Rejected, Cause::Withdrawn, AT + 5 * DAY);
    assert_eq!([withdrawn.at(24), withdrawn.at(25)], [Fate::Young, Fate::Goes]);
}

#[test]
fn what_is_held_pooled_or_undispatched_never_goes() {
    assert_eq!(Told::new(Outcome::Held).at(9_999), Fate::Waits(Waits::Open));
    assert_eq!(Told::new(Outcome::Accepted).at(9_999), Fate::Waits(Waits::Open));
    let cut = Told::new(Outcome::Accepted).cut(FIRST, 1);
    assert_eq!((cut.at(9_999), cut.batches_at(9_999)), (Fate::Waits(Waits::InProduction), 0));
    let spoilt = cut.moved(Outcome::Held, Cause::Spoilt, AT).dispatched(FIRST);
    assert_eq!(spoilt.at(9_999), Fate::Waits(Waits::Open), "its number is void, it is held");
}

#[test]
fn produced_applications_and_their_batch_go_days_after_dispatch() {
    let made = Told::new(Outcome::Accepted).cut(FIRST, 1).dispatched(FIRST);
    assert_eq!([made.at(29), made.at(30)], [Fate::Young, Fate::Goes]);
    assert_eq!([made.batches_at(29), made.batches_at(30)], [0, 1]);
    let purged = made.and(Entry::BatchPurged(BatchPurged { batch: id(FIRST), who: "li".into(), reason: "r".into(), at: AT + 31 * DAY }));
    assert_eq!(purged.batches_at(99), 0);
}

#[test]
fn a_spoiled_or_unknown_card_waits_until_it_was_made_again() {
    for result in [MachineResult::Spoiled, MachineResult::Unknown] {
        let made = Told::new(Outcome::Accepted).cut(FIRST, 1).dispatched(FIRST).result(FIRST, result);
        assert_eq!((made.at(9_999), made.batches_at(30)), (Fate::Waits(Waits::NotRemade), 1), "{result:?}");
    }
    let good = Told::new(Outcome::Accepted).cut(FIRST, 1).dispatched(FIRST).result(FIRST, MachineResult::Good);
    assert_eq!(good.at(30), Fate::Goes);
    let unknown_then_good = Told::new(Outcome::Accepted).cut(FIRST, 1).dispatched(FIRST).result(FIRST, MachineResult::Unknown);
    assert_eq!(unknown_then_good.result(FIRST, MachineResult::Good).at(30), Fate::Goes);
}

/// What a resumed run or a late signature let go shows the time that was frozen before; the days count from when it happened.
#[test]
fn days_never_count_from_a_time_frozen_long_before() {
    let resumed = Told::new(Outcome::Accepted).run_started(1, None, AT).cut(FIRST, 1).run_started(2, Some(1), AT + 10 * DAY).dispatched(FIRST);
    assert_eq!([resumed.at(39), resumed.at(40)], [Fate::Young, Fate::Goes]);
    assert_eq!([resumed.batches_at(39), resumed.batches_at(40)], [0, 1]);
    let signed =
        ReleaseSigned { batch: id(SECOND), manifest: Digest([0; 32]), person: "li".into(), role: Role::Supervisor, signature: String::new(), at: AT + 7 * DAY };
    let released = Told::new(Outcome::Accepted).cut(SECOND, 1).and(Entry::ReleaseSigned(signed)).dispatched(SECOND);
    assert_eq!([released.at(36), released.at(37)], [Fate::Young, Fate::Goes]);
}
