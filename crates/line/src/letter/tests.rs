//! Both forms of a letter from one draft: they agree, count what they don't show, and name characters no font has.

use std::collections::BTreeMap;

use card::{BatchId, Code, Outcome, Reason};

use super::case::Case;
use super::draft::{Draft, LANES, Part, Subject};
use super::*;
use crate::plan::Sender;

fn sender() -> Sender {
    Sender { name: "Centre".into(), name_zh: "制卡中心".into(), address: "武汉".into(), phone: "12333".into(), mail_fee_cents: 0 }
}

fn case(row: u32) -> Case {
    Case {
        application_id: format!("WH-01-{row:06}"),
        package_id: "P1".into(),
        row,
        place: format!("P1 第 {row} 行"),
        outcome: Outcome::Rejected,
        name: "ŁUKASZ \u{1F600}".into(),
        picture: None,
        reasons: vec![Reason::new(Code::Rec02, "employer_name", "required")],
        by: card::Message::FixBy.said_of_day(jiff::civil::date(2025, 6, 1)),
    }
}

/// A night's draft with `total` refused applications of which `shown` are shown.
fn draft<'a>(sender: &'a Sender, batch: &'a BatchId, total: u64, shown: u32) -> Draft<'a> {
    let part = |lane| Part {
        lane,
        total: if lane == LANES[0] { total } else { 0 },
        cases: if lane == LANES[0] { (1..=shown).map(case).collect() } else { Vec::new() },
    };
    Draft {
        sender,
        outlet: ["WH-01".into(), "Wuhan Outlet".into(), "武汉网点".into()],
        subject: Subject::Night { batch, on: jiff::civil::date(2025, 6, 1) },
        lists: ["night.csv".into(), "night.jsonl".into()],
        applications: total,
        outcomes: [0, 0, total],
        produced: 0,
        notes: Vec::new(),
        by_code: BTreeMap::from([(Code::Rec02, total)]),
        parts: LANES.map(part).into_iter().collect(),
    }
}

fn page(draft: &Draft) -> String {
    let mut bytes = Vec::new();
    html::write(&mut bytes, draft).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn what_is_not_shown_is_counted_and_the_list_is_named() {
    let (sender, batch) = (sender(), BatchId::parse("B20250601-01").unwrap());
    let draft = draft(&sender, &batch, 100_000, CASES_MAX as u32);
    let html = page(&draft);
    assert_eq!(html.matches("<article ").count(), CASES_MAX);
    for said in ["99,500 more applications", "另有 99,500 份申请", "night.csv", "<td class=n>100,000"] {
        assert!(html.contains(said), "{said}");
    }
    let pages = artwork::letter_pages(&pdf::letter(&draft));
    assert!(pages.len() < 200, "{} pages", pages.len());
    assert!(page(&self::draft(&sender, &batch, 3, 3)).matches("more applications").count() == 0);
}

#[test]
fn both_forms_say_the_same_and_name_what_no_font_has() {
    let (sender, batch) = (sender(), BatchId::parse("B20250601-01").unwrap());
    let draft = draft(&sender, &batch, 2, 2);
    let html = page(&draft);
    let on_paper: String = artwork::letter_pages(&pdf::letter(&draft))
        .iter()
        .flat_map(|page| &page.items)
        .filter_map(|item| if let artwork::Item::Text(text) = item { Some(format!("{}\n", text.text)) } else { None })
        .collect();
    for said in ["WH-01-000002", "Please by 1 June 2025", "请于2025年6月1日前处理", "Wuhan Outlet", "武汉网点", "2025年6月1日", "REC-02", "12333"]
    {
        assert!(html.contains(said) && on_paper.contains(said), "{said}");
    }
    assert!(on_paper.contains("ŁUKASZ U+1F600") && html.contains("ŁUKASZ \u{1F600}"));
    assert_eq!(page(&draft), html, "the same bytes each time");
}

#[test]
fn a_letter_without_anything_to_do_says_so() {
    let (sender, batch) = (sender(), BatchId::parse("B20250601-01").unwrap());
    let nothing = Draft { by_code: BTreeMap::new(), ..draft(&sender, &batch, 0, 0) };
    assert!(page(&nothing).contains("There is nothing for you to do."));
}
