//! A job's cards encoded at a reader, with cards in software: every way a card can end, its neighbours, and what may follow. The plant is
//! a simulated one, so that its ledger can stop anywhere. `system_cards.rs` runs the command itself, through PC/SC.

use std::collections::{BTreeMap, VecDeque};

use card::{BatchId, Profile};
use chip::apdu::{KEY_BYTES, RecordForm, TestKeys, read_play_text};
use jiff::civil::date;
use ledger::book::Book;
use ledger::book::state::AttemptStage;
use ledger::disk::Disk as _;
use ledger::entry::{AttemptResult, DeviceKind, Role};
use ledger::fault::Fault;
use line::devices::{self, By, NewDevice};
use line::encode::resolve::{Word, say};
use line::encode::{ATTEMPTS_MAX, Balance, Chosen, Encoding, WalkEnd, Walked, play};
use line::handover::Handover;
use line::people::{self, Newcomer, Signatory};
use line::ports::{BlankSlot, CardReader, NextBlank, ReaderFault};
use plant::keys::PlantKeys;
use testkit::card::{Tear, VirtualCard};
use testkit::world::{Failure, Loss, SimClock, SimDisk, State};

use crate::cards::{CAPACITY_BYTES, TRANSPORT, blank, keys};
use crate::plant::{Plant, text};
use crate::world::handover::{Glass, TRAY, Tray, key, opened};
use crate::world::plant::{NOW, broken, plan, run, stocked};

const JOB: u32 = 1;
const EIO: i32 = 5;

type Meddle = fn(&[u8], Vec<u8>) -> Vec<u8>;

/// A blank, and somebody between it and the reader who may change its answers.
struct Blank {
    card: VirtualCard,
    meddle: Meddle,
    mute: bool,
}

fn honest(card: VirtualCard) -> Blank {
    Blank { card, meddle: |_, answer| answer, mute: false }
}

fn meddled(meddle: Meddle) -> Blank {
    Blank { meddle, ..honest(blank()) }
}

/// Blanks put in one after the other; what was in lies on the pile, in order.
#[derive(Default)]
struct Feeder {
    blanks: VecDeque<Blank>,
    inside: Option<Blank>,
    pile: Vec<VirtualCard>,
}

impl Feeder {
    fn of(blanks: impl IntoIterator<Item = Blank>) -> Self {
        Self { blanks: blanks.into_iter().collect(), ..Self::default() }
    }

    fn full() -> Self {
        Self::of((0..40).map(|_| honest(blank())))
    }

    /// Everything that ever was in.
    fn emptied(mut self) -> Vec<VirtualCard> {
        self.pile.extend(self.inside.take().map(|b| b.card));
        self.pile
    }
}

impl BlankSlot for Feeder {
    fn reader(&mut self) -> &mut dyn CardReader {
        self
    }

    fn let_go(&mut self) {
        self.inside.iter_mut().for_each(|b| b.card.reset());
    }

    fn next_blank(&mut self, _: &dyn Fn() -> bool) -> Result<NextBlank, ReaderFault> {
        self.pile.extend(self.inside.take().map(|b| b.card));
        self.inside = self.blanks.pop_front();
        Ok(if self.inside.is_some() { NextBlank::In } else { NextBlank::NoneCame })
    }
}

impl CardReader for Feeder {
    fn connect(&mut self) -> Result<Vec<u8>, ReaderFault> {
        let inside = self.inside.as_mut().filter(|b| !b.mute).ok_or(ReaderFault::NoCard)?;
        inside.card.reset();
        Ok(inside.card.atr())
    }

    fn reset(&mut self) -> Result<Vec<u8>, ReaderFault> {
        self.connect()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ReaderFault> {
        let inside = self.inside.as_mut().ok_or(ReaderFault::NoCard)?;
        let answer = inside.card.transmit(command);
        if answer.is_empty() { Err(ReaderFault::NoCard) } else { Ok((inside.meddle)(command, answer)) }
    }
}

/// What anybody reads in the first file of a card without keys: its records as far as they are there.
fn records(card: &VirtualCard) -> Vec<Vec<u8>> {
    let mut card = card.clone();
    card.reset();
    card.transmit(&[&[0, 0xA4, 4, 0x0C, 15][..], b"sx1.sh.\xC9\xE7\xBB\xE1\xB1\xA3\xD5\xCF"].concat());
    let read = (1..=7).map(|n| card.transmit(&[0, 0xB2, n, 0x2C, 14]));
    read.filter_map(|mut answer| (answer.split_off(answer.len() - 2) == [0x90, 0x00]).then_some(answer)).collect()
}

/// The number a card carries.
fn number_on(card: &VirtualCard) -> Option<String> {
    let record = records(card).into_iter().find(|r| r.starts_with(&[0x07, 9]))?;
    Some(String::from_utf8(record[2..11].to_vec()).expect("a number"))
}

fn has_data(card: &VirtualCard) -> bool {
    records(card).iter().flatten().any(|byte| *byte != 0)
}

/// A plant with a released batch, li (supervisor) and wu (operator); everything durable.
fn ready() -> (State, BatchId) {
    let disk = SimDisk::of(stocked(8, 5, Some(0.0)));
    run(&disk, &plan(1)).unwrap_or_else(|e| panic!("{e}"));
    let mut book = opened(&disk);
    let batch = book.batches().unwrap()[0].batch.clone();
    let (li, wu) = (key("li"), key("wu"));
    for (person, role, secret) in [("li", Role::Supervisor, &li), ("wu", Role::Operator, &wu)] {
        let by = (person != "li").then_some(Signatory { person: "li", key: &li });
        people::add(&mut book, &Newcomer { person, name: "N", role, key: &secret.public_key() }, by.as_ref(), NOW).unwrap();
    }
    book.close().unwrap();
    disk.create_dir(TRAY).unwrap();
    disk.settle();
    (disk.state(), batch)
}

fn profile() -> Profile {
    Profile::built_in("hubei-foreigner-2025", date(2026, 11, 22)).expect("a profile")
}

fn walk_with(
    disk: &SimDisk,
    book: &mut Book,
    batch: &BatchId,
    chosen: Chosen,
    keys: Option<&TestKeys>,
    stop: &dyn Fn() -> bool,
    feeder: &mut Feeder,
) -> Result<Walked, Fault> {
    let (clock, profile) = (SimClock::at(NOW + 1000), profile());
    let encoding = Encoding { plant: disk, clock: &clock, profile: &profile, records: RecordForm::Fixed, keys, reader: "R", who: "wu", stop };
    encoding.walk(book, batch, JOB, chosen, feeder, &mut |_| {})
}

fn walk(disk: &SimDisk, batch: &BatchId, chosen: Chosen, feeder: &mut Feeder) -> Result<Walked, Fault> {
    walk_with(disk, &mut opened(disk), batch, chosen, None, &|| false, feeder)
}

fn first(count: u32) -> Chosen {
    Chosen { count: Some(count), ..Chosen::default() }
}

fn only(position: u32) -> Chosen {
    Chosen { position: Some(position), ..Chosen::default() }
}

#[track_caller]
fn fine(walked: Result<Walked, Fault>) -> Walked {
    walked.unwrap_or_else(|e| panic!("{e}"))
}

#[track_caller]
fn refused(walked: Result<Walked, Fault>, code: &str) {
    let Err(fault) = walked else { panic!("not refused: {code}") };
    assert!(fault.to_string().starts_with(code) && fault.exit_code() == 77, "{fault}");
}

#[track_caller]
fn sound(disk: &SimDisk) {
    assert_eq!(broken(disk), Vec::<String>::new());
}

fn hand_over(disk: &SimDisk, book: &mut Book, batch: &BatchId, device: &str) -> Result<usize, Fault> {
    let (keys, tray, clock) = (PlantKeys::open(disk)?, Tray(disk.clone()), SimClock::at(NOW + 2000));
    let not_after = NOW + 3_600_000;
    let handover = Handover { plant: disk, tray: &tray, signer: &keys, envelope: &Glass, clock: &clock, device, who: "wu", not_after };
    handover.hand_over(book, batch, Some(JOB)).map(|handed| handed.len())
}

fn device(book: &mut Book, device: &str, kind: DeviceKind, sealed_only: bool) {
    let li = key("li");
    let by = By::Signing(Signatory { person: "li", key: &li });
    let recipient = format!("age1{device}");
    devices::add(book, &Glass, &NewDevice { device, kind, recipient: &recipient, sealed_only }, &by, NOW).unwrap_or_else(|e| panic!("{e}"));
}

fn resolve(book: &mut Book, number: &str, good: bool) -> AttemptStage {
    let mut stage = AttemptStage::InDoubt;
    for person in ["li", "wu"] {
        assert_eq!(stage, AttemptStage::InDoubt, "one person is not enough");
        let secret = key(person);
        let word = Word { number, generation: 1, good, reason: "looked", by: Signatory { person, key: &secret } };
        stage = say(book, &word, NOW + 3000).unwrap_or_else(|e| panic!("{e}"));
    }
    stage
}

#[test]
fn a_job_is_encoded_card_by_card_once() {
    let (start, batch) = ready();
    for with_keys in [false, true] {
        let disk = SimDisk::of(start.clone());
        let (keys, mut feeder) = (keys(), Feeder::full());
        let walked = fine(walk_with(&disk, &mut opened(&disk), &batch, first(3), Some(&keys).filter(|_| with_keys), &|| false, &mut feeder));
        let Balance { cards, good, not_attempted, .. } = walked.balance;
        assert!((walked.end, good) == (WalkEnd::Through, 3) && cards > 4 && cards == 3 + not_attempted);
        let positions: Vec<u32> = walked.done.iter().map(|d| d.position).collect();
        assert!(positions.is_sorted() && positions[0] == 1);
        if !with_keys {
            let mut made = feeder;
            let rest = fine(walk(&disk, &batch, Chosen::default(), &mut made));
            assert_eq!((rest.balance, rest.done.len() as u32), (Balance { cards, good: cards, ..Balance::default() }, not_attempted));
            let wanted: Vec<String> = walked.done.iter().chain(&rest.done).map(|d| d.number.clone()).collect();
            let on_them: Vec<String> = made.emptied().iter().map(|c| number_on(c).expect("a number")).collect();
            assert_eq!(on_them, wanted, "each card on one blank, in the order of the job");
        }
        let again = fine(walk(&disk, &batch, only(1), &mut Feeder::full()));
        assert!(again.done.is_empty() && again.end == WalkEnd::Through, "a good card is left alone");
        sound(&disk);
    }
}

/// The card whose power goes is in doubt, the next is made, and nothing plays it again.
#[test]
fn power_cut_at_every_command_of_a_card() {
    let (start, batch) = ready();
    let mut whole = Feeder::full();
    fine(walk(&SimDisk::of(start.clone()), &batch, first(1), &mut whole));
    let commands = whole.emptied()[0].commands();
    assert!(commands > 60);
    let (mut untouched, mut written) = (0, 0);
    for at in 0..commands {
        for tear in [Tear::BeforeEffect, Tear::BeforeAnswer] {
            let disk = SimDisk::of(start.clone());
            let mut torn = blank();
            torn.cut_power_at(at, tear);
            let mut feeder = Feeder::of([honest(torn), honest(blank())]);
            let walked = fine(walk(&disk, &batch, first(2), &mut feeder));
            let [doubt, next] = walked.done.as_slice() else { panic!("two cards") };
            assert_eq!((doubt.result, next.result), (AttemptResult::InDoubt, AttemptResult::Good), "{at} {tear:?}");
            assert!(doubt.reason.as_ref().is_some_and(|r| r.code.text() == "ENC-07"));
            let pile = feeder.emptied();
            let mut book = opened(&disk);
            let state = book.attempt(&doubt.number, 1).unwrap().unwrap();
            assert!(state.written || !has_data(&pile[0]), "{at} {tear:?}: data of the card, and the ledger says there is none");
            *(if state.written { &mut written } else { &mut untouched }) += 1;
            // Once in a while the whole way on: it is left alone until two people have looked.
            if at % 16 == 0 {
                let rest = fine(walk_with(&disk, &mut book, &batch, Chosen { retry: true, ..first(1) }, None, &|| false, &mut Feeder::full()));
                assert!(rest.done.iter().all(|d| d.number != doubt.number) && rest.balance.in_doubt == 1);
                refused(walk_with(&disk, &mut book, &batch, only(1), None, &|| false, &mut Feeder::full()), "ENC-07");
                assert_eq!(resolve(&mut book, &doubt.number, false), AttemptStage::Spoiled);
                let retried = walk_with(&disk, &mut book, &batch, only(1), None, &|| false, &mut Feeder::full());
                if state.written {
                    refused(retried, "ENC-07")
                } else {
                    assert_eq!(fine(retried).done[0].result, AttemptResult::Good)
                }
                drop(book);
                sound(&disk);
            }
        }
    }
    assert_eq!((untouched, written), (8, 2 * commands as usize - 8), "two selections and two creations, then the first record");
}

#[test]
fn every_way_to_spoil_a_card_has_its_code_and_its_neighbours_are_made() {
    let (start, batch) = ready();
    let test_keys = keys();
    let mut made = Feeder::full();
    fine(walk(&SimDisk::of(start.clone()), &batch, first(1), &mut made));
    let made = made.emptied().remove(0);
    let answers: [(&str, bool, fn() -> Blank); 4] = [
        ("ENC-02", false, || honest(VirtualCard::blank(10, TRANSPORT))),
        ("ENC-04", false, || honest(VirtualCard::blank(CAPACITY_BYTES, [0x78; KEY_BYTES]))),
        ("ENC-03", true, || meddled(|command, answer| if command[1] == 0x82 { vec![0x63, 0xC2] } else { answer })),
        ("ENC-06", true, || meddled(|command, answer| if command[1] == 0x84 { vec![0x01, 0x90, 0x00] } else { answer })),
    ];
    let differs = || {
        meddled(|command, mut answer| {
            if command[1] == 0xB2 && answer.len() > 2 {
                answer[0] ^= 1;
            }
            answer
        })
    };
    let mut all: Vec<(&str, bool, Blank)> = answers.into_iter().map(|(code, written, blank)| (code, written, blank())).collect();
    all.push(("ENC-05", true, differs()));
    all.push(("ENC-01", false, honest(made)));
    for (code, written, odd) in all {
        let disk = SimDisk::of(start.clone());
        let mut book = opened(&disk);
        let mut feeder = Feeder::of([honest(blank()), odd, honest(blank())]);
        let walked = fine(walk_with(&disk, &mut book, &batch, first(3), Some(&test_keys), &|| false, &mut feeder));
        let results: Vec<AttemptResult> = walked.done.iter().map(|d| d.result).collect();
        assert_eq!(results, [AttemptResult::Good, AttemptResult::Spoiled, AttemptResult::Good], "{code}");
        let spoiled = &walked.done[1];
        assert_eq!(spoiled.reason.as_ref().map(|r| r.code.text()), Some(code));
        assert_eq!(book.attempt(&spoiled.number, 1).unwrap().unwrap().written, written, "{code}");
        // What was on the blank stays on it; what wasn't may come to another, when somebody says so.
        let position = spoiled.position;
        let again = |book: &mut Book, chosen| walk_with(&disk, book, &batch, chosen, Some(&test_keys), &|| false, &mut Feeder::full());
        let unasked = fine(again(&mut book, first(1)));
        assert_ne!(unasked.done[0].position, position, "{code}: only when asked");
        if written {
            refused(again(&mut book, only(position)), code);
            assert_ne!(fine(again(&mut book, Chosen { retry: true, ..first(1) })).done[0].position, position);
        } else {
            let retried = fine(again(&mut book, Chosen { retry: true, ..first(1) }));
            assert_eq!((retried.done[0].position, retried.done[0].attempt, retried.done[0].result), (position, 2, AttemptResult::Good), "{code}");
        }
        drop(book);
        sound(&disk);
    }
}

#[test]
fn blanks_for_one_card_come_to_an_end() {
    let (start, batch) = ready();
    let disk = SimDisk::of(start);
    let full = || Feeder::of([honest(VirtualCard::blank(10, TRANSPORT))]);
    for attempt in 1..=ATTEMPTS_MAX {
        assert_eq!(fine(walk(&disk, &batch, only(1), &mut full())).done[0].attempt, attempt);
    }
    refused(walk(&disk, &batch, only(1), &mut full()), "ENC-02");
    // A blank that doesn't answer to power was never the card: nothing is written down.
    let mute = || Blank { mute: true, ..honest(blank()) };
    let walked = fine(walk(&disk, &batch, only(2), &mut Feeder::of([mute(), mute(), honest(blank())])));
    assert_eq!((walked.done[0].attempt, walked.done[0].result), (1, AttemptResult::Good));
    let walked = fine(walk(&disk, &batch, only(3), &mut Feeder::of([mute(), mute(), mute(), honest(blank())])));
    assert_eq!((walked.end, walked.done.len(), walked.balance.in_doubt), (WalkEnd::NoBlank, 0, 0));
    sound(&disk);
}

#[test]
fn who_asks_it_to_stop_gets_the_card_that_is_in_finished() {
    let (start, batch) = ready();
    let disk = SimDisk::of(start);
    let asked = std::cell::Cell::new(0);
    let stop = || asked.replace(asked.get() + 1) >= 2;
    let walked = fine(walk_with(&disk, &mut opened(&disk), &batch, Chosen::default(), None, &stop, &mut Feeder::full()));
    assert!(walked.end == WalkEnd::Stopped && walked.done.len() == 2 && walked.done.iter().all(|d| d.result == AttemptResult::Good));
    let rest = fine(walk(&disk, &batch, Chosen::default(), &mut Feeder::full()));
    assert_eq!((rest.done[0].position, rest.balance.not_attempted, rest.balance.good), (3, 0, rest.balance.cards));
    let none = fine(walk(&disk, &batch, Chosen { from: Some(1), ..Chosen::default() }, &mut Feeder::default()));
    assert_eq!((none.end, none.done.len()), (WalkEnd::Through, 0), "nothing is left to wait for");
}

#[test]
fn a_job_is_encoded_here_or_by_a_device_never_both() {
    let (start, batch) = ready();
    // Here first: encoders don't get it any more, printers do.
    let disk = SimDisk::of(start.clone());
    let mut book = opened(&disk);
    device(&mut book, "en-1", DeviceKind::Encoder, false);
    device(&mut book, "pr-1", DeviceKind::Printer, true);
    fine(walk_with(&disk, &mut book, &batch, first(1), None, &|| false, &mut Feeder::full()));
    let fault = hand_over(&disk, &mut book, &batch, "en-1").unwrap_err();
    assert!(fault.to_string().starts_with("ENC-08") && fault.exit_code() == 77, "{fault}");
    assert!(hand_over(&disk, &mut book, &batch, "pr-1").is_ok());
    drop(book);
    sound(&disk);
    // To a device first.
    let disk = SimDisk::of(start.clone());
    let mut book = opened(&disk);
    device(&mut book, "en-1", DeviceKind::Encoder, false);
    assert!(hand_over(&disk, &mut book, &batch, "en-1").is_ok());
    refused(walk_with(&disk, &mut book, &batch, first(1), None, &|| false, &mut Feeder::full()), "ENC-08");
    // Where every encoder takes envelopes only, nothing leaves otherwise.
    let disk = SimDisk::of(start);
    let mut book = opened(&disk);
    device(&mut book, "en-1", DeviceKind::Encoder, true);
    refused(walk_with(&disk, &mut book, &batch, first(1), None, &|| false, &mut Feeder::full()), "ENC-08");
    device(&mut book, "en-2", DeviceKind::Encoder, false);
    fine(walk_with(&disk, &mut book, &batch, first(1), None, &|| false, &mut Feeder::full()));
    drop(book);
    sound(&disk);
}

#[test]
fn only_the_sealed_file_of_a_released_batch_is_encoded_by_who_may() {
    let (start, batch) = ready();
    let disk = SimDisk::of(start);
    let mut book = opened(&disk);
    let job = book.jobs(&batch).unwrap().remove(0);
    let used: Vec<_> = job.files.iter().filter(|f| f.path.ends_with(".cps")).collect();
    assert_eq!(used.len(), 1);
    for file in used {
        let path = format!("batches/{batch}/{}", file.path);
        let sealed = disk.read(&path).unwrap();
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        ledger::publish::publish_bytes(&disk, &path, &changed).unwrap();
        let mut feeder = Feeder::full();
        let fault = walk_with(&disk, &mut book, &batch, first(1), None, &|| false, &mut feeder).err().expect("a refusal");
        assert!(fault.to_string().starts_with("OUT-01") && feeder.emptied().is_empty(), "{fault}");
        ledger::publish::publish_bytes(&disk, &path, &sealed).unwrap();
    }
    let (clock, profile) = (SimClock::at(NOW), profile());
    let stranger = Encoding { plant: &disk, clock: &clock, profile: &profile, records: RecordForm::Fixed, keys: None, reader: "R", who: "zz", stop: &|| false };
    refused(stranger.walk(&mut book, &batch, JOB, first(1), &mut Feeder::full(), &mut |_| {}), "AUT-01");
    assert!(book.attempts_of(&batch, JOB).unwrap().is_empty());
}

/// Numbers on all cards that were ever in a reader.
fn numbers(pile: &[VirtualCard]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    pile.iter().filter_map(number_on).for_each(|number| *found.entry(number).or_default() += 1);
    found
}

/// The disk goes at every operation of a walk, under every model of what it loses. Whatever happened, no number is ever on two cards, and
/// every card on the pile is one the ledger knows of.
#[test]
fn no_card_is_made_twice_wherever_the_ledger_stops() {
    let (start, batch) = ready();
    let mut stops = 0;
    for at in 1.. {
        let mut through = false;
        for loss in Loss::ALL {
            let disk = SimDisk::of(start.clone());
            let mut feeder = Feeder::full();
            let mut book = opened(&disk);
            disk.fail(disk.operations() + at, Failure::From(EIO));
            through = walk_with(&disk, &mut book, &batch, first(2), None, &|| false, &mut feeder).is_ok();
            drop(book);
            let story = format!("{loss:?} after operation {at}");
            goes_on(&SimDisk::of(disk.state().after(loss, at)), &batch, feeder.emptied(), &story);
            stops += 1;
        }
        if through {
            break;
        }
    }
    assert!(stops > 6 * 5, "{stops}");
    println!("{stops} stops");
}

fn goes_on(disk: &SimDisk, batch: &BatchId, mut pile: Vec<VirtualCard>, story: &str) {
    let mut book = opened(disk);
    // At once, as if nothing had been; then people look at what lies there; then the rest.
    let mut go_on = |book: &mut Book, count| {
        let mut feeder = Feeder::full();
        let walked = walk_with(disk, book, batch, Chosen { retry: true, ..first(count) }, None, &|| false, &mut feeder);
        pile.extend(feeder.emptied());
        let found = numbers(&pile);
        assert!(found.values().all(|n| *n == 1), "{story}: {found:?}");
        (walked.unwrap_or_else(|e| panic!("{story}: {e}")), found)
    };
    let (_, found) = go_on(&mut book, 2);
    for doubt in book.attempts_in_doubt().unwrap() {
        resolve(&mut book, &doubt.attempted.number, found.contains_key(&doubt.attempted.number));
    }
    let (walked, found) = go_on(&mut book, u32::MAX);
    let known = book.attempts_of(batch, JOB).unwrap();
    let good = known.iter().filter(|a| a.stage == AttemptStage::Good);
    assert!(good.eq(known.iter().filter(|a| found.contains_key(&a.attempted.number))), "{story}: every good card lies there, and no other");
    assert_eq!((walked.balance.not_attempted, walked.balance.in_doubt), (0, 0), "{story}");
    drop(book);
    assert_eq!(broken(disk), Vec::<String>::new(), "{story}");
}

/// `cardline chip script` on a plant's own card, played and as scriptor's text; and what is for tests alone stays so.
#[test]
fn scripts_are_for_test_cards_and_play() {
    let plant = Plant::stocked(40, 511);
    let batch = plant.closing(&["run", "--json"])["batch"].as_str().unwrap().to_owned();
    let encode = std::fs::read_dir(plant.root.join("batches").join(&batch).join("encode")).unwrap().flatten().map(|e| e.path());
    let file = encode.filter(|p| p.extension().is_some_and(|x| x == "dgi" || x == "cps")).min().expect("an encode file");
    let shown = plant.ok(&["chip", "show", file.to_str().unwrap(), "--json"]);
    let first: serde_json::Value = serde_json::from_str(shown.lines().next().unwrap()).unwrap();
    let number = first["card"]["number"].as_str().unwrap();
    let file = plant.root.join("test-keys.toml");
    let hex = |key: &[u8]| key.iter().map(|b| format!("{b:02X}")).collect::<String>();
    let test_keys = keys();
    let named = test_keys.card.iter().map(|(name, key)| format!("{name} = \"{}\"\n", hex(&key.0))).collect::<String>();
    std::fs::write(&file, format!("format = \"cardline-test-keys/1\"\ntransport = \"{}\"\n[card]\n{named}", hex(&TRANSPORT))).unwrap();
    let file = file.to_str().unwrap();
    for more in [&[][..], &["--test-keys", file], &["--records", "variable"]] {
        let script = plant.ok(&[&["chip", "script", number, "--format", "play"], more].concat());
        let steps = read_play_text(&script).unwrap_or_else(|e| panic!("{e}"));
        let mut reader = Feeder { inside: Some(honest(blank())), ..Feeder::default() };
        assert_eq!(play(&mut reader, &steps), Ok(line::encode::Played::Good), "{more:?}");
        assert!(more.contains(&file) || more.len() == 2 || number_on(&reader.emptied()[0]).as_deref() == Some(number));
    }
    let scriptor = plant.ok(&["chip", "script", number]);
    assert!(scriptor.lines().any(|l| l == "00 A4 00 0C 02 3F 00") && !scriptor.contains(';'));
    let keyed = plant.run(&["chip", "script", number, "--test-keys", file]);
    assert!(keyed.status.code() == Some(64) && text(&keyed.stderr).contains("--format play"), "{}", text(&keyed.stderr));
    // Where real cards are made none of it is.
    plant.configure("durability", "\"full\"");
    plant.configure("production", "true");
    let who = ["--reader", "R", "--as", "wu"];
    let job = format!("{batch}/1");
    for args in [vec!["chip", "script", number], [&["encode", &job, "--test-keys", file][..], &who].concat(), [&["encode", &job][..], &who].concat()] {
        let output = plant.run(&args);
        assert!(output.status.code() == Some(78) && text(&output.stderr).contains("CFG-09"), "{args:?}: {}", text(&output.stderr));
    }
}
