//! The texts that are signed, as docs/formats/stock.md has them, and ids that could be names or paths.

use super::*;

fn r(first: u64, last: u64) -> SerialRange {
    SerialRange { first, last }
}

#[test]
fn what_is_signed_names_every_card_that_moves() {
    let (lot, prefix, who) = ("L1".to_owned(), "CTL-".to_owned(), "cu.hui".to_owned());
    let received = StockReceived { lot, prefix, digits: 6, serials: r(1, 500), who, signature: None, at: 1 };
    let text = "cardline stock received\nplant: p\nlot: L1\nprefix: CTL-\ndigits: 6\nserials: 1-500\nby: cu.hui\n";
    assert_eq!(received_text("p", &received), text);
    let leg = |to, serials| StockLeg { lot: "L1".into(), from: Account::Line, to, serials };
    let legs = vec![leg(Account::Good, vec![r(1, 1), r(3, 20)]), leg(Account::Spoiled, vec![r(2, 2)])];
    let cards = vec![SerialCard { lot: "L1".into(), serial: 1, number: "H00000012".into(), generation: 1 }];
    let batch = BatchId::parse("B20250601-01").ok();
    let moved = StockMoved { number: 7, batch, legs, cards, sheet: None, who: "wu.min".into(), signature: None, at: 1 };
    let cards = Digest::of(b"L1 1 H00000012 1\n");
    let text = format!(
        "cardline stock moved\nplant: p\nmove: 7\nbatch: B20250601-01\nleg: L1 line good 1-1,3-20\nleg: L1 line spoiled 2-2\ncards: {cards}\nby: wu.min\n"
    );
    assert_eq!(moved_text("p", &moved), text);
    let of_none = moved_text("p", &StockMoved { batch: None, legs: Vec::new(), cards: Vec::new(), ..moved });
    assert!(of_none.contains("batch: -\ncards: ") && of_none.ends_with("by: wu.min\n"), "{of_none}");
}

#[test]
fn a_lot_is_called_by_a_number_not_by_a_name_or_a_path() {
    for wrong in ["", "1", "wang", "../1", "L 1", "L1\n", "批1", &"1".repeat(25)] {
        assert_eq!(lot_id(wrong).unwrap_err().exit_code(), 64, "{wrong:?}");
    }
    assert_eq!(lot_id("CTL-2025.07_a").ok(), Some("CTL-2025.07_a"));
}

#[test]
fn who_may_do_what() {
    let may = |f: fn(Role) -> bool| [Role::Operator, Role::Supervisor, Role::Custodian, Role::Auditor].map(f);
    assert_eq!(may(moves_stock), [false, false, true, false]);
    assert_eq!(may(counts), [true, true, false, false]);
}
