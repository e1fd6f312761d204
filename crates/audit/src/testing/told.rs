//! Answers to outlets, written from the published format (docs/formats/batch.md) as far as they are compared.

use card::{Effect, Outcome, Reason};
use serde_json::json;

/// What an outlet is told of one application.
pub struct Told {
    package: String,
    row: usize,
    outcome: &'static str,
    reasons: Vec<Reason>,
}

impl Told {
    pub fn of(n: usize, (outcome, reasons): (Outcome, Vec<Reason>), produced: bool) -> Self {
        let outcome = match outcome {
            _ if produced => "produced",
            Outcome::Accepted => "accepted",
            Outcome::Held => "held",
            Outcome::Rejected => "rejected",
        };
        let (package, first) = if n < 5 { ("P0", 0) } else { ("P1", 5) };
        Self { package: package.into(), row: n - first + 1, outcome, reasons }
    }
}

pub fn answers_csv(told: &[Told]) -> Vec<u8> {
    let mut out = "application_id,package_id,row,receipt_number,outcome,batch,card_number,code,effect,value,limit\r\n".to_owned();
    for t in told {
        let head = format!("x,{},{},R,{},,", t.package, t.row, t.outcome);
        if t.reasons.is_empty() {
            out += &format!("{head},,,,\r\n");
        }
        for r in &t.reasons {
            out += &format!("{head},{},e,'{},\"{}\"\r\n", r.code, r.value, r.limit);
        }
    }
    out.into_bytes()
}

pub fn answers_jsonl(told: &[Told]) -> Vec<u8> {
    let line = |t: &Told| {
        let reasons: Vec<_> = t.reasons.iter().map(|r| json!({ "code": r.code.text() })).collect();
        json!({ "application_id": "x", "package_id": t.package, "row": t.row, "outcome": t.outcome, "reasons": reasons }).to_string() + "\n"
    };
    told.iter().map(line).collect::<String>().into_bytes()
}

/// A letter's page: a part for everyone who was not accepted.
pub fn letter_html(told: &[Told]) -> Vec<u8> {
    let codes = |t: &Told| t.reasons.iter().filter(|r| r.effect > Effect::Warn).map(|r| r.code.text()).collect::<Vec<_>>().join(" ");
    let case = |t: &Told| format!("<article data-package=\"{}\" data-row=\"{}\" data-codes=\"{}\">x</article>\n", t.package, t.row, codes(t));
    let cases: String = told.iter().filter(|t| ["held", "rejected"].contains(&t.outcome)).map(case).collect();
    format!("<!doctype html><p>two</p>{cases}</html>\n").into_bytes()
}
