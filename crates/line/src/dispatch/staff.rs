//! The list an employer's designated staff hands cards over by (card-and-rules.md 8.5): who may take the bundle, by which letter of
//! authorisation, and a line for each employee to sign. Who that is, the package's signed manifest says.

use std::collections::BTreeSet;

use card::messages::Said;
use card::{Card, Message};
use ledger::fault::Fault;
use serde_json::json;

use super::lines::{box_of, place, receipt, remake_of};
use super::{Bundle, Dispatch};
use crate::lists::List;
use crate::package::{Employer, MANIFEST, manifest};
use crate::validate::stored::contents_path;

const COLUMNS: [&str; 15] = [
    "bundle",
    "employer_code",
    "employer",
    "staff",
    "letter",
    "box",
    "tray",
    "position",
    "card_number",
    "generation",
    "name",
    "name_zh",
    "receipt_number",
    "record",
    "remake_of",
];
/// Between the names of several staff.
const AND: &str = "; ";
/// Receipt numbers the words of a notice have room for.
const RECEIPTS_SAID: usize = 20;

/// By whose word a package's cards are handed over.
struct Authority {
    package: u64,
    employer: String,
    staff: String,
    letter: String,
}

/// The list of one bundle as it grows. Holds names: no `Debug`.
pub struct StaffList {
    list: List,
    rows: Vec<Vec<String>>,
    /// Of the packages the cards came in, in the order of the cards.
    authorities: Vec<Authority>,
    /// Boxes the cards lie in.
    boxes: BTreeSet<String>,
    /// What the outlet gave out, in the order of the cards; not every outlet does.
    receipts: Vec<String>,
}

impl StaffList {
    pub fn new() -> Self {
        Self { list: List::new(&COLUMNS), rows: Vec::new(), authorities: Vec::new(), boxes: BTreeSet::new(), receipts: Vec::new() }
    }

    /// Adds a card that came in `package`.
    ///
    /// # Errors
    /// The vault's copy of the package can't be read.
    pub fn add(&mut self, dispatch: &Dispatch, package: u64, bundle: &Bundle, card: &Card) -> Result<(), Fault> {
        let known = self.authorities.iter().position(|a| a.package == package);
        let at = known.unwrap_or(self.authorities.len());
        if known.is_none() {
            self.authorities.push(dispatch.authority(package)?);
        }
        self.boxes.insert(box_of(card));
        self.receipts.extend(Some(receipt(card).to_owned()).filter(|r| !r.is_empty()));
        let (authority, a) = (&self.authorities[at], &card.application);
        let (number, generation, record) = (bundle.number.to_string(), card.generation.to_string(), card.record_digest.to_string());
        let (name_zh, position) = (a.name_zh.as_deref().unwrap_or(""), place(card));
        self.list.row([
            &number,
            bundle.employer_code.as_deref().unwrap_or(""),
            &authority.employer,
            &authority.staff,
            &authority.letter,
            &box_of(card),
            &card.tray.to_string(),
            &position,
            &card.number,
            &generation,
            &a.name,
            name_zh,
            receipt(card),
            &record,
            &remake_of(card),
        ]);
        self.rows.push([&position, &card.number, &a.name, name_zh, receipt(card), &authority.letter, "", &remake_of(card)].map(str::to_owned).to_vec());
        Ok(())
    }

    /// What the outlet's staff tell the employer: how many cards lie where, under whose authority they are handed over, which receipts they
    /// answer. No employee is named.
    pub fn notice(&self, bundle: &Bundle, batch: &str) -> serde_json::Value {
        let letters: BTreeSet<&str> = self.authorities.iter().map(|a| a.letter.as_str()).filter(|l| !l.is_empty()).collect();
        let (letters, boxes): (Vec<&str>, Vec<&str>) = (letters.into_iter().collect(), self.boxes.iter().map(String::as_str).collect());
        let (cards, number) = (bundle.cards.to_string(), bundle.number.to_string());
        let made = Message::NoticeEmployer.said_with(&[
            ("cards", &cards),
            ("outlet", bundle.outlet.as_str()),
            ("batch", batch),
            ("bundle", &number),
            ("boxes", &boxes.join(", ")),
            ("letter", &letters.join(AND)),
        ]);
        let [en, zh] = with_receipts(made, &self.receipts);
        json!({
            "to": "employer",
            "outlet": bundle.outlet.as_str(),
            "employer_code": bundle.employer_code,
            "batch": batch,
            "bundle": bundle.number,
            "cards": bundle.cards,
            "boxes": boxes,
            "letters": letters,
            "receipt_numbers": self.receipts,
            "en": en,
            "zh": zh,
        })
    }

    /// Who may take the cards: each employer, and below it each staff with the letter that names it, once.
    fn heading(&self, bundle: &Bundle) -> Vec<String> {
        let code = bundle.employer_code.as_deref().unwrap_or("");
        let mut told = Vec::new();
        let mut lines: Vec<String> = Vec::new();
        for a in &self.authorities {
            let whole = (&a.employer, &a.staff, &a.letter);
            if told.contains(&whole) {
                continue;
            }
            if told.last().is_none_or(|(employer, ..)| *employer != &a.employer) {
                lines.push(format!("{} {}  {code}", Message::Employer.both(), a.employer));
            }
            lines.push(format!("{} {}", Message::Staff.both(), a.staff));
            lines.push(format!("{} {}", Message::AuthorisationLetter.both(), a.letter));
            told.push(whole);
        }
        lines
    }
}

impl Dispatch<'_> {
    /// The list as CSV and on paper.
    pub(super) fn staff_lists(&self, bundle: &Bundle, list: StaffList) -> Result<(Vec<u8>, Vec<u8>), Fault> {
        let heading = list.heading(bundle);
        Ok((list.list.into_bytes(), self.staff_pdf(bundle, heading, list.rows)?))
    }

    /// As the package's manifest says. One damaged manifest doesn't stop the night: the list then names nobody, and `verify` says why.
    fn authority(&self, package: u64) -> Result<Authority, Fault> {
        match self.employer(package) {
            Ok(employer) => Ok(Authority { package, staff: names(&employer), employer: employer.name, letter: employer.letter }),
            Err(Fault::FileDamaged { .. }) => Ok(Authority { package, staff: String::new(), employer: String::new(), letter: String::new() }),
            Err(fault) => Err(fault),
        }
    }

    fn employer(&self, package: u64) -> Result<Employer, Fault> {
        let path = contents_path(package);
        let damaged = |why: &str| Fault::FileDamaged { path: path.clone(), offset: 0, why: why.to_owned() };
        let bytes = self.vault.contents(package)?.get(MANIFEST).map_err(|e| e.at(&path))?.ok_or_else(|| damaged("no manifest"))?;
        let manifest = manifest::parse(&bytes, &self.plan.package_limits).map_err(|_| damaged("manifest unreadable"))?;
        manifest.employer.ok_or_else(|| damaged("an employer's package without its employer"))
    }
}

/// A notice that ends with the first receipt numbers, where there are any; the list beside it has them all.
fn with_receipts([en, zh]: Said, receipts: &[String]) -> Said {
    if receipts.is_empty() {
        return [en, zh];
    }
    let more = if receipts.len() > RECEIPTS_SAID { " …" } else { "" };
    let said = receipts.iter().take(RECEIPTS_SAID).map(String::as_str).collect::<Vec<_>>().join(", ") + more;
    let [numbers_en, numbers_zh] = Message::NoticeReceipts.said_with(&[("receipts", &said)]);
    [format!("{en} {numbers_en}"), format!("{zh}{numbers_zh}")]
}

fn names(employer: &Employer) -> String {
    employer.staff.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(AND)
}

#[cfg(test)]
mod tests {
    use card::{Lane, OutletCode};

    use super::*;

    #[test]
    fn an_employer_hears_how_many_cards_lie_where_and_by_which_letter_and_of_nobody() {
        let outlet = OutletCode::parse("WH-01").unwrap();
        let bundle = Bundle { number: 3, lane: Lane::Normal, mail: false, outlet, employer_code: Some("CODE".to_owned()), positions: 0..30, cards: 30 };
        let mut list = StaffList::new();
        let authority = |package, letter: &str| Authority { package, employer: "Sample Ltd".to_owned(), staff: "LI".to_owned(), letter: letter.to_owned() };
        list.authorities = vec![authority(1, "L-1"), authority(2, "L-2"), authority(3, "L-1"), authority(4, "")];
        list.boxes = ["0002", "0001"].map(str::to_owned).into_iter().collect();
        let bare = list.notice(&bundle, "B20250601-01");
        let en = bare["en"].as_str().unwrap();
        assert!(en.starts_with("30 social security cards") && en.contains("box 0001, 0002.") && en.ends_with("authorisation L-1; L-2."), "{en}");
        list.receipts = (1..=30).map(|n| format!("R-{n}")).collect();
        let notice = list.notice(&bundle, "B20250601-01");
        assert_eq!(notice["receipt_numbers"].as_array().unwrap().len(), 30);
        for text in [&notice["en"], &notice["zh"]] {
            let text = text.as_str().unwrap();
            assert!(text.contains("R-1, R-2,") && text.contains("R-20 …") && !text.contains("R-21") && !text.contains("LI"), "{text}");
        }
    }

    #[test]
    fn each_staff_stands_with_the_letter_that_names_it() {
        let authority =
            |package, staff: &str, letter: &str| Authority { package, employer: "Sample Ltd".to_owned(), staff: staff.to_owned(), letter: letter.to_owned() };
        let mut list = StaffList::new();
        list.authorities = vec![authority(1, "A", "L-1"), authority(2, "B", "L-2"), authority(3, "A", "L-3"), authority(4, "B", "L-2")];
        let outlet = OutletCode::parse("WH-01").unwrap();
        let bundle = Bundle { number: 1, lane: Lane::Normal, mail: false, outlet, employer_code: Some("CODE".to_owned()), positions: 0..4, cards: 4 };
        let lines = list.heading(&bundle);
        let ends: Vec<&str> = lines.iter().map(|line| line.split_once(|c: char| c > '\u{3000}').unwrap().1.split_once(' ').unwrap().1).collect();
        assert_eq!(ends, ["Sample Ltd  CODE", "A", "L-1", "B", "L-2", "A", "L-3"]);
    }
}
