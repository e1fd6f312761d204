//! A photo that takes its process along (faults.md D24, G38): two runs die of it, the third holds it and makes all the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use card::{Code, Digest, Outcome};
use ledger::book::Book;
use ledger::book::state::ApplicationState;
use ledger::index::MemIndex;
use line::ports::Apart;
use line::run::{Halves, Starter, Summary};
use testkit::world::{Failure, SimClock, SimDisk, State};

use super::plant::{NOW, broken, plan, run, stocked, world};

const EIO: i32 = 5;

/// Knows the one photo that is deadly, and counts how often it is asked.
struct Deadly {
    photo: Digest,
    asked: Arc<AtomicU32>,
}

impl Apart for Deadly {
    fn survives(&self, jpeg: &[u8]) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Digest::of(jpeg) != self.photo
    }
}

/// A run that stops before the first row it judges is written down: what an abort in a decoder looks like from outside.
fn died_judging(state: &State) -> State {
    let plan = plan(2);
    let rehearsal = SimDisk::of(state.clone());
    rehearsal.record();
    run(&rehearsal, &plan).unwrap_or_else(|e| panic!("{e}"));
    let (_, names) = rehearsal.recorded();
    let at = names.iter().position(|n| n.starts_with("create vault/") && n.contains("/records-")).expect("rows are written down");
    let disk = SimDisk::of(state.clone());
    disk.fail(at as u64 + 1, Failure::From(EIO));
    assert!(run(&disk, &plan).is_err());
    disk.state()
}

fn run_with(disk: &SimDisk, deadly: Deadly) -> Summary {
    let mut world = world(disk, &SimClock::at(NOW)).unwrap_or_else(|e| panic!("{e}"));
    world.apart = Box::new(deadly);
    let (mut book, _) = Book::open(world.disk.clone(), Box::new(MemIndex::default())).unwrap_or_else(|e| panic!("{e}"));
    let starter = Starter { command: "run".into(), who: "scheduler".into(), reason: Some("it died".into()) };
    let summary = line::run::run(&world, &plan(2), &mut book, &starter, Halves { intake: true, produce: true }).unwrap_or_else(|e| panic!("{e}"));
    line::run::end(&world, &mut book, 0).unwrap_or_else(|e| panic!("{e}"));
    book.close().unwrap_or_else(|e| panic!("{e}"));
    summary
}

/// Everything judged, in order.
fn applications(disk: &SimDisk) -> Vec<ApplicationState> {
    let book = Book::look(Arc::new(disk.clone()), Box::new(MemIndex::default())).unwrap_or_else(|e| panic!("{e}"));
    let one = |n| book.application(card::Ordinal(n)).unwrap_or_else(|e| panic!("{e}"));
    (0..).map_while(one).collect()
}

#[test]
fn a_photo_two_runs_died_of_is_held_and_all_others_are_made() {
    let start = stocked(40, 5, Some(0.0));
    let sound = SimDisk::of(start.clone());
    let undisturbed = run(&sound, &plan(2)).unwrap_or_else(|e| panic!("{e}"));
    let victim = applications(&sound).into_iter().find(|a| a.outcome == Outcome::Accepted).expect("an accepted application");
    let photo = victim.photo.expect("it has a photo");
    let asked = Arc::new(AtomicU32::new(0));
    let deadly = || Deadly { photo, asked: asked.clone() };

    // After one death nothing is suspected: it may have been a power cut, and the run after it is the second try.
    let once = died_judging(&start);
    let summary = run_with(&SimDisk::of(once.clone()), deadly());
    assert_eq!((summary.cards, asked.load(Ordering::Relaxed)), (undisturbed.cards, 0));

    let twice = died_judging(&once);
    let disk = SimDisk::of(twice);
    let summary = run_with(&disk, deadly());
    assert!(asked.load(Ordering::Relaxed) > 0);
    let after = applications(&disk);
    let held: Vec<_> = after.iter().filter(|a| a.reasons.iter().any(|r| r.code == Code::Pho99)).collect();
    assert_eq!(held.iter().map(|a| &a.application_id).collect::<Vec<_>>(), [&victim.application_id]);
    assert_eq!((held[0].outcome, held[0].reasons.len()), (Outcome::Held, 1), "it has no other fault");
    assert_eq!(summary.cards, undisturbed.cards - 1);
    assert_eq!(broken(&disk), Vec::<String>::new());
}
