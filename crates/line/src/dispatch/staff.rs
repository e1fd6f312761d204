//! The list an employer's designated staff hands cards over by (card-and-rules.md 8.5): who may take the bundle, by which letter of
//! authorisation, and a line for each employee to sign. Who that is, the package's signed manifest says.

use card::{Card, Message};
use ledger::fault::Fault;

use super::lines::{box_of, place, receipt, remake_of};
use super::{Bundle, Dispatch};
use crate::lists::List;
use crate::package::{Employer, MANIFEST, manifest};
use crate::validate::stored::contents_path;

const COLUMNS: [&str; 14] = [
    "bundle",
    "employer_code",
    "employer",
    "staff",
    "letter",
    "box",
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
}

impl StaffList {
    pub fn new() -> Self {
        Self { list: List::new(&COLUMNS), rows: Vec::new(), authorities: Vec::new() }
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

fn names(employer: &Employer) -> String {
    employer.staff.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(AND)
}

#[cfg(test)]
mod tests {
    use card::{Lane, OutletCode};

    use super::*;

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
