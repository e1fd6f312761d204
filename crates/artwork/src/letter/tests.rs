//! Letters as pages: nothing lost, overlapping or outside the margins, and the same bytes every time. What they say is not tested here.

use super::*;
use crate::testing::portrait;
use crate::{DocumentId, job_pdf, page_png};

fn pair(text: &str) -> Pair {
    [text.to_owned(), format!("{text} 中文")]
}

fn finding(n: usize) -> Finding {
    Finding { code: format!("PHO-{n:02}"), what: pair("The background is not white."), measured: "Measured 实测 12".into(), todo: pair("Take it again.") }
}

fn case(n: usize, findings: usize) -> Case {
    Case {
        title: format!("WH01-{n:06}"),
        place: format!("row {n}"),
        outcome: "Rejected 退回".into(),
        colour: INK,
        name: "EXAMPLE, ANNA MARIA 安娜·示例".into(),
        picture: Photo::new(portrait(n as u32)).ok(),
        findings: (1..=findings).map(finding).collect(),
        by: pair("Please by 1 June 2025"),
        continued: "continued 续".into(),
    }
}

fn letter(blocks: Vec<Block>) -> Letter {
    Letter {
        sender: pair("Centre"),
        sender_lines: vec!["湖北省武汉市武昌区示例路1号".into(), "12333".into()],
        addressee: vec!["To 致".into(), "Outlet WH-01".into()],
        particulars: vec![("Date 日期".into(), "1 June 2025 2025年6月1日".into())],
        title: pair("Answer"),
        figures: vec![Figure { number: "60".into(), label: "Applications 申请".into(), colour: BLUE }],
        blocks,
        footer: "WH-01".into(),
    }
}

fn texts(page: &Page) -> Vec<&Text> {
    page.items.iter().filter_map(|i| if let Item::Text(t) = i { Some(t) } else { None }).collect()
}

#[test]
fn every_case_is_on_the_letter_once_with_its_picture_and_inside_the_margins() {
    let pages = letter_pages(&letter((1..=40).map(|n| Block::Case(case(n, 1 + n % 3))).collect()));
    assert!(pages.len() > 5);
    let all: Vec<&Text> = pages.iter().flat_map(texts).collect();
    for n in 1..=40 {
        assert_eq!(all.iter().filter(|t| t.text == format!("WH01-{n:06}")).count(), 1, "case {n}");
    }
    let pictures = pages.iter().flat_map(|p| &p.items).filter(|i| matches!(i, Item::Photo { .. })).count();
    assert_eq!(pictures, 40);
    for text in &all {
        let right = text.x_mm + fonts().width_mm(&text.text, text.weight, text.size_pt);
        assert!(text.x_mm >= LEFT_MM - 0.01 && right <= RIGHT_MM + 0.01, "{}", text.text);
        assert!(text.baseline_mm > TOP_MM && text.baseline_mm <= FOOT_MM, "{}", text.text);
    }
}

#[test]
fn nothing_lies_over_anything_else() {
    let pages = letter_pages(&letter((1..=12).map(|n| Block::Case(case(n, n % 5))).collect()));
    for page in &pages {
        let mut lines: Vec<&Text> = texts(page);
        lines.sort_by(|a, b| a.baseline_mm.total_cmp(&b.baseline_mm));
        for (i, a) in lines.iter().enumerate() {
            for b in &lines[i + 1..] {
                let below = b.baseline_mm - a.baseline_mm;
                let [a_right, b_right] = [a, b].map(|t| t.x_mm + fonts().width_mm(&t.text, t.weight, t.size_pt));
                let beside = a_right <= b.x_mm || b_right <= a.x_mm;
                assert!(beside || below >= 0.9 * b.size_pt * MM_PER_PT, "{:?} over {:?}", a.text, b.text);
            }
        }
    }
}

#[test]
fn a_case_longer_than_a_page_runs_on_and_loses_nothing() {
    let pages = letter_pages(&letter(vec![Block::Case(case(7, 60))]));
    assert!(pages.len() > 2);
    let all: Vec<&Text> = pages.iter().flat_map(texts).collect();
    for n in 1..=60 {
        assert_eq!(all.iter().filter(|t| t.text == format!("PHO-{n:02}")).count(), 1, "finding {n}");
    }
    assert!(all.iter().any(|t| t.text.contains("continued")));
    assert_eq!(all.iter().filter(|t| t.text.starts_with("Please by")).count(), 2, "in each language once, at the end");
}

#[test]
fn a_character_without_a_glyph_is_named_and_the_letter_goes_out() {
    let mut odd = case(1, 1);
    odd.name = "ANNA \u{1F600}\u{202e} X".into();
    odd.findings[0].measured = "\u{e000}".into();
    let pages = letter_pages(&letter(vec![Block::Case(odd)]));
    let all: String = pages.iter().flat_map(texts).map(|t| t.text.as_str()).collect::<Vec<_>>().join("|");
    assert!(all.contains("ANNA U+1F600U+202E X") && all.contains("U+E000"), "{all}");
    assert!(missing_glyphs(&all).is_empty());
    assert!(!page_png(&pages[0], 60.0).ok().unwrap().is_empty());
}

#[test]
fn the_same_letter_is_the_same_bytes() {
    let id = DocumentId { title: "answer".into(), date: jiff::civil::date(2025, 6, 1) };
    let bytes = || job_pdf(letter_pages(&letter(vec![Block::Case(case(1, 2)), Block::Note(pair("note"))])), &id).ok().unwrap();
    assert_eq!(bytes(), bytes());
}

#[test]
fn every_text_of_ours_can_be_printed() {
    for message in card::Message::all() {
        assert!(missing_glyphs(&message.both()).is_empty(), "{}", message.both());
    }
    for d in card::reason::Code::all() {
        let all = [d.en, d.zh, d.todo_en, d.todo_zh].join(" ");
        assert_eq!(missing_glyphs(&all), Vec::<char>::new(), "{}", d.text);
    }
}
