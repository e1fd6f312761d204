//! Stock, destructions and closes told wrong, one way at a time, for the one card of the hand-overs' night.

use ledger::entry::*;

use super::super::closes;
use super::super::handovers::tests::{AT, Person, batch, begun, broken_of, people};
use super::*;
use crate::testing::applications::number;

use Account::{Good, Line, Returned, Spoiled, Test, Vault};

const OURS: [&str; 5] = ["I-03", "I-04", "I-05", "I-06", "I-24"];

/// A person of these, by id; the plant has no people if there are none.
fn by<'a>(people: &'a [Person], id: &str) -> Option<&'a Person> {
    people.iter().find(|p| p.id == id)
}

fn r(first: u64, last: u64) -> SerialRange {
    SerialRange { first, last }
}

fn received(people: &[Person], lot: &str, serials: SerialRange) -> Entry {
    let text = format!("cardline stock received\nplant: p\nlot: {lot}\nprefix: A\ndigits: 4\nserials: {}-{}\nby: cu\n", serials.first, serials.last);
    let signature = by(people, "cu").map(|p| p.sign(&text));
    Entry::StockReceived(StockReceived { lot: lot.into(), prefix: "A".into(), digits: 4, serials, who: "cu".into(), signature, at: AT + 1 })
}

fn a_move(number: u64, from: Account, to: Account, serials: &[SerialRange]) -> StockMoved {
    let counted = from == Line || to == Spoiled;
    let legs = vec![StockLeg { lot: "L1".into(), from, to, serials: serials.to_vec() }];
    let of_none = [(Vault, Returned), (Returned, Vault)].contains(&(from, to));
    let who = if counted { "wu" } else { "cu" };
    let (sheet, batch) = (counted.then_some(Digest([number as u8; 32])), Some(batch()).filter(|_| !of_none));
    StockMoved { number, batch, legs, cards: Vec::new(), sheet, who: who.into(), signature: None, at: AT + 2 }
}

fn moved(people: &[Person], mut e: StockMoved) -> Entry {
    e.signature = by(people, &e.who.clone()).map(|p| p.sign(&moved_text("p", &e)));
    Entry::StockMoved(e)
}

fn asked(people: &[Person], person: &str, account: Account, serials: SerialRange, cards: &[String]) -> DestructionAsked {
    let shares = vec![StockShare { lot: "L1".into(), account, serials: vec![serials] }];
    let cards = cards.iter().map(|n| UnclaimedCard { number: n.clone(), generation: 1 }).collect();
    let who = by(people, person).expect("a person");
    let (method, signature) = (DestructionMethod::Shredded, String::new());
    let mut e = DestructionAsked { number: 1, method, shares, cards, person: person.into(), role: who.role, signature, at: AT + 6 };
    e.signature = who.sign(&asked_text("p", &e));
    e
}

fn saw(people: &[Person], e: &DestructionAsked, person: &str) -> Entry {
    let who = by(people, person).expect("a person");
    let (asked, role) = (Digest::of(asked_text("p", e).as_bytes()), who.role);
    let text = format!("cardline destruction witnessed\nplant: p\ndestruction: {}\nasked: {asked}\nperson: {person}\nrole: {}\n", e.number, role.name());
    Entry::DestructionWitnessed(DestructionWitnessed { number: e.number, person: person.into(), role, signature: who.sign(&text), at: AT + 7 })
}

fn dispatched() -> Entry {
    Entry::BatchDispatched(BatchDispatched { batch: batch(), files: Vec::new(), at: AT + 3 })
}

fn result(result: MachineResult) -> Entry {
    let card = CardResult { number: number(0), result, card_identification: None, atr: None, box_position: None, failure: None };
    Entry::Results(Results { batch: batch(), file: Digest([5; 32]), cards: vec![card], at: AT + 4 })
}

const COUNTS: ClosingCounts =
    ClosingCounts { cut: 1, good: 1, spoiled: 0, void: 0, stock: Some(ClosingStock { issued: 4, good: 1, spoiled: 2, test: 0, returned: 1 }) };

fn balances(people: &[Person], person: &str, counts: ClosingCounts) -> Entry {
    let who = by(people, person).expect("a person");
    let mut e = BatchReconciled { batch: batch(), counts, person: person.into(), role: who.role, signature: String::new(), at: AT + 5 };
    e.signature = who.sign(&closes::text("p", &e));
    Entry::BatchReconciled(e)
}

/// Four blanks given out: one good, two spoiled, one returned.
fn counted(people: &[Person]) -> Vec<Entry> {
    let good = StockMoved { cards: vec![SerialCard { lot: "L1".into(), serial: 1, number: number(0), generation: 1 }], ..a_move(2, Line, Good, &[r(1, 1)]) };
    vec![
        received(people, "L1", r(1, 20)),
        moved(people, a_move(1, Vault, Line, &[r(1, 4)])),
        moved(people, good),
        moved(people, a_move(3, Line, Spoiled, &[r(2, 3)])),
        moved(people, a_move(4, Line, Returned, &[r(4, 4)])),
    ]
}

/// The whole evening.
fn evening(people: &[Person]) -> Vec<Entry> {
    let mut all = counted(people);
    all.extend([dispatched(), result(MachineResult::Good), balances(people, "wu", COUNTS), balances(people, "li", COUNTS)]);
    all
}

fn broken(people: &[Person], entries: Vec<Entry>) -> Vec<String> {
    broken_of(&OURS, people, entries)
}

#[track_caller]
fn found(people: &[Person], entries: Vec<Entry>, id: &str, why: &str) {
    let found = broken(people, entries);
    assert!(found.iter().any(|f| f.starts_with(id) && f.contains(why)), "{id} {why}: {found:?}");
}

#[test]
fn a_sound_evening_is_sound_with_people_and_stock_alone_without() {
    let people = people();
    let ask = asked(&people, "cu", Spoiled, r(2, 3), &[]);
    let mut all = evening(&people);
    all.extend([Entry::DestructionAsked(ask.clone()), saw(&people, &ask, "wu"), saw(&people, &ask, "li")]);
    all.push(moved(&people, a_move(5, Returned, Vault, &[r(4, 4)])));
    assert_eq!(broken(&people, all), Vec::<String>::new());
    assert_eq!(broken(&[], counted(&[])), Vec::<String>::new());
}

#[test]
fn every_way_a_card_can_not_go_is_found() {
    let with = |e: StockMoved| [counted(&[]), vec![moved(&[], e)]].concat();
    let wrong = |e, why| found(&[], with(e), "I-04", why);
    wrong(a_move(5, Vault, Line, &[r(4, 5)]), "elsewhere");
    wrong(a_move(5, Line, Good, &[r(5, 5)]), "elsewhere");
    wrong(a_move(5, Spoiled, Good, &[r(2, 2)]), "no card goes");
    wrong(a_move(5, Good, Returned, &[r(1, 1)]), "no card goes");
    wrong(a_move(5, Vault, Line, &[r(20, 21)]), "its lot hasn't");
    wrong(a_move(5, Vault, Line, &[r(6, 7), r(7, 8)]), "twice or out of order");
    wrong(a_move(5, Vault, Line, &[r(8, 7)]), "twice or out of order");
    wrong(a_move(5, Vault, Line, &[]), "of nothing");
    wrong(a_move(6, Vault, Line, &[r(5, 5)]), "isn't the next");
    wrong(StockMoved { batch: None, ..a_move(5, Vault, Line, &[r(5, 5)]) }, "no card goes");
    wrong(StockMoved { batch: BatchId::parse("B20250602-01").ok(), ..a_move(5, Vault, Line, &[r(5, 5)]) }, "never cut");
    wrong(StockMoved { legs: Vec::new(), ..a_move(5, Vault, Line, &[]) }, "of nothing");
    let foreign =
        |number: String| StockMoved { cards: vec![SerialCard { lot: "L1".into(), serial: 5, number, generation: 1 }], ..a_move(5, Vault, Line, &[r(5, 5)]) };
    wrong(foreign(number(7)), "a card its batch hasn't");
    wrong(
        StockMoved { cards: vec![SerialCard { lot: "L1".into(), serial: 9, number: number(0), generation: 1 }], ..a_move(5, Vault, Line, &[r(5, 5)]) },
        "doesn't move",
    );
    found(&[], vec![received(&[], "L1", r(1, 20)), received(&[], "L1", r(30, 40))], "I-04", "given before");
    found(&[], vec![received(&[], "L1", r(1, 20)), received(&[], "L2", r(20, 40))], "I-04", "of another lot");
    found(&[], vec![received(&[], "L1", r(1, 2_000_000))], "I-04", "too many cards");
    found(&[], vec![received(&[], "L1", r(2, 1))], "I-04", "too many cards, or none");
    // A lot whose receipt is gone.
    found(&[], counted(&[])[1..].to_vec(), "I-04", "never received");
    // A second good serial for a night of one card.
    let two = vec![received(&[], "L1", r(1, 20)), moved(&[], a_move(1, Vault, Line, &[r(1, 2)])), moved(&[], a_move(2, Line, Good, &[r(1, 2)]))];
    found(&[], two, "I-04", "more good serials than cards");
}

#[test]
fn a_destruction_takes_two_others_and_what_is_destroyed_stays_so() {
    let people = people();
    let ask = asked(&people, "cu", Spoiled, r(2, 3), &[]);
    let told = |more: Vec<Entry>| [evening(&people), vec![Entry::DestructionAsked(ask.clone())], more].concat();
    found(&people, told(vec![saw(&people, &ask, "cu")]), "I-05", "who asked for it");
    found(&people, told(vec![saw(&people, &ask, "wu"), saw(&people, &ask, "wu")]), "I-05", "twice by one person");
    found(&people, told(vec![Entry::DestructionAsked(DestructionAsked { number: 2, ..ask.clone() })]), "I-05", "destroyed already");
    found(&people, told(vec![Entry::DestructionAsked(ask.clone())]), "I-05", "isn't the next");
    let altered = DestructionAsked { method: DestructionMethod::Burnt, ..ask.clone() };
    found(&people, [evening(&people), vec![Entry::DestructionAsked(altered)]].concat(), "I-24", "");
    for (account, serials, why) in
        [(Good, r(1, 1), "are not destroyed"), (Test, r(2, 2), "elsewhere"), (Spoiled, r(1, 3), "elsewhere"), (Vault, r(9, 9), "are not destroyed")]
    {
        let ask = asked(&people, "cu", account, serials, &[]);
        found(&people, [evening(&people), vec![Entry::DestructionAsked(ask)]].concat(), "I-05", why);
    }
    // Someone else's words under a witness' name.
    let Entry::DestructionWitnessed(word) = saw(&people, &ask, "wu") else { unreachable!() };
    found(&people, told(vec![Entry::DestructionWitnessed(DestructionWitnessed { person: "li".into(), role: Role::Supervisor, ..word })]), "I-24", "");
    // More cards than were asked for.
    let Entry::DestructionWitnessed(word) = saw(&people, &DestructionAsked { method: DestructionMethod::Burnt, ..ask.clone() }, "wu") else { unreachable!() };
    found(&people, told(vec![Entry::DestructionWitnessed(word)]), "I-24", "");
    // An unclaimed card, and then somebody collects it.
    let unclaimed = asked(&people, "cu", Good, r(1, 1), &[number(0)]);
    let collected = Entry::CardEvent(CardEvent { number: number(0), generation: 1, kind: CardEventKind::Collected, who: "wu".into(), at: AT + 9 });
    let start = [evening(&people), vec![Entry::DestructionAsked(unclaimed.clone())]].concat();
    assert_eq!(broken(&people, start.clone()), Vec::<String>::new());
    found(&people, [start, vec![collected.clone()]].concat(), "I-05", "after its destruction");
    found(&people, [evening(&people), vec![collected, Entry::DestructionAsked(unclaimed)]].concat(), "I-05", "though collected");
}

#[test]
fn a_batch_is_closed_by_two_at_counts_that_are_so_and_takes_nothing_more() {
    let people = people();
    let whole = evening(&people);
    let without = |at: usize| {
        let mut all = whole.clone();
        all.remove(at);
        all
    };
    let wrong = |all: Vec<Entry>, why: &str| found(&people, all, "I-03", why);
    wrong(without(4), "still on the line");
    wrong(without(5), "isn't dispatched");
    wrong(without(6), "no end");
    wrong([without(6), vec![]].concat(), "no end");
    let replaced = |at: usize, entry: Entry| {
        let mut all = whole.clone();
        all[at] = entry;
        all
    };
    wrong(replaced(6, result(MachineResult::Spoiled)), "not as many");
    wrong(replaced(6, result(MachineResult::Unknown)), "no end");
    wrong(replaced(7, balances(&people, "wu", ClosingCounts { good: 0, spoiled: 1, ..COUNTS })), "not so");
    wrong(replaced(7, balances(&people, "wu", ClosingCounts { stock: None, ..COUNTS })), "not so");
    wrong(replaced(8, balances(&people, "wu", COUNTS)), "said twice");
    let after = |entry: Entry| [whole.clone(), vec![entry]].concat();
    let Entry::Results(late) = result(MachineResult::Good) else { unreachable!() };
    wrong(after(Entry::Results(Results { file: Digest([6; 32]), ..late })), "results after");
    wrong(after(moved(&people, a_move(5, Vault, Line, &[r(9, 9)]))), "stock moved after");
    wrong(after(Entry::HandoverBegun(begun("pr-1", 1, "print/job-0001.pdf", None))), "handed over after");
    wrong(after(balances(&people, "wu", COUNTS)), "closed after");
    // One word closes nothing: results may still come.
    let Entry::Results(late) = result(MachineResult::Good) else { unreachable!() };
    assert_eq!(broken(&people, [without(8), vec![Entry::Results(Results { file: Digest([6; 32]), ..late })]].concat()), Vec::<String>::new());
    // Cards alone, where no lot was there.
    let bare = ClosingCounts { stock: None, ..COUNTS };
    let alone = |counts| vec![dispatched(), result(MachineResult::Good), balances(&people, "wu", counts), balances(&people, "li", counts)];
    assert_eq!(broken(&people, alone(bare)), Vec::<String>::new());
    wrong(alone(COUNTS), "not so");
}

#[test]
fn in_a_plant_with_people_stock_takes_who_may() {
    let people = people();
    let i24 = |at: usize, change: &dyn Fn(&mut StockMoved)| {
        let mut all = counted(&people);
        let Entry::StockMoved(e) = &mut all[at] else { unreachable!() };
        change(e);
        found(&people, all, "I-24", "stock move");
    };
    i24(1, &|e| e.signature = None);
    i24(1, &|e| e.legs[0].serials = vec![r(1, 5)]);
    i24(2, &|e| e.cards[0].serial = 2);
    i24(1, &|e| e.who = "wu".into());
    // An operator gives cards out, a custodian counts: each signed as well as can be.
    let as_other = |e: StockMoved, who: &str| moved(&people, StockMoved { who: who.into(), ..e });
    found(&people, vec![received(&people, "L1", r(1, 20)), as_other(a_move(1, Vault, Line, &[r(1, 4)]), "wu")], "I-24", "may not");
    let mut all = counted(&people);
    all[3] = as_other(a_move(3, Line, Spoiled, &[r(2, 3)]), "cu");
    found(&people, all, "I-24", "may not");
    found(&people, [vec![received(&[], "L1", r(1, 20))], Vec::new()].concat(), "I-24", "signed by nobody");
    // A custodian's word about a balance.
    found(&people, [evening(&people)[..7].to_vec(), vec![balances(&people, "cu", COUNTS)]].concat(), "I-24", "may not");
}
