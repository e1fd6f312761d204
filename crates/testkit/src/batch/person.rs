//! One invented applicant: a conforming application and what the registers know of it.

use card::RawApplication;
use card::register::{EnrolmentRow, PermitEvent, PermitRow};
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::mrz::{Zone, zone};
use super::names::{self, NATIONALITIES, Name};
use super::outlets::Employer;
use crate::dice::Dice;

/// Facts about one applicant, from which row and registers are written. Changing one before writing keeps everything consistent.
#[derive(Clone)]
pub struct Person {
    /// Position in the whole order: distinct people have distinct numbers of everything.
    pub index: u64,
    pub name: Name,
    pub capitals: bool,
    pub name_zh: Option<String>,
    pub sex: char,
    pub birth_date: Date,
    pub nationality: String,
    /// The permanent-residence card's number instead of a passport's.
    pub pr_card: bool,
    pub document_number: String,
    pub expiry: Date,
    pub ssn: String,
    pub permit_number: String,
    pub permit_from: Date,
    pub permit_to: Date,
    pub category: char,
    pub business_type: &'static str,
    pub event: PermitEvent,
    pub employer: Employer,
}

/// Multiplier that is prime to ten million: seven digits, all different for ten million people.
const SPREAD: u64 = 7_368_787;
const SEVEN_DIGITS: u64 = 10_000_000;

impl Person {
    /// The `index`-th applicant of the order.
    pub fn new(seed: u64, index: u64, today: Date, employer: Employer) -> Self {
        let mut dice = Dice::new(seed, "person", index);
        let (nationality, family) = *dice.pick(&NATIONALITIES);
        let name = names::name(family, &mut dice, index % 40 == 7);
        let (business_type, event) = business(&mut dice);
        let pr_card = dice.chance(0.02);
        let mut person = Self {
            index,
            name,
            capitals: dice.chance(0.4),
            name_zh: dice.chance(0.3).then(|| names::chinese(&mut dice)),
            sex: *dice.pick(&['M', 'F', 'M', 'F', 'M', 'F', '<']),
            birth_date: today.saturating_sub(19.years()).saturating_sub(((index * 37 + 11) % 14_000).cast_signed().days()),
            nationality: nationality.to_owned(),
            pr_card,
            document_number: String::new(),
            expiry: today.saturating_add(dice.within(220, 3_000).days()),
            ssn: String::new(),
            permit_number: format!("42{:010}", index * 17 + 100_003),
            permit_from: today.saturating_sub(dice.within(6, 300).days()),
            permit_to: today.saturating_add(dice.within(100, 700).days()),
            category: *dice.pick(&['A', 'B', 'C']),
            business_type,
            event,
            employer,
        };
        person.number_document(seed, index);
        person
    }

    /// Gives document and social security numbers of the `n`-th kind; call again after changing nationality or document.
    pub fn number_document(&mut self, seed: u64, n: u64) {
        let iso = self.iso().to_owned();
        let digits = (n * SPREAD + seed % SEVEN_DIGITS) % SEVEN_DIGITS;
        let letters = ["E", "PA", "X", "N", "C1"][(n % 5) as usize];
        self.document_number = if self.pr_card { format!("{iso}42{:010}", n) } else { format!("{letters}{digits:07}") };
        self.ssn = if self.pr_card { format!("{iso}042{:010}", n) } else { format!("{iso}0{}", self.document_number) };
    }

    /// The nationality as the social security number spells it.
    pub fn iso(&self) -> &str {
        match self.nationality.as_str() {
            "D" => "DEU",
            // Stateless people's numbers have no rule; any country stands there.
            "XXA" => "FRA",
            other => other,
        }
    }

    fn mrz(&self) -> String {
        if self.pr_card {
            return String::new();
        }
        zone(&Zone {
            name: &self.name,
            nationality: &self.nationality,
            number: &self.document_number,
            birth_date: self.birth_date,
            sex: self.sex,
            expiry: self.expiry,
        })
    }

    /// The application as a careful outlet writes it. `id` also names the photo.
    pub fn row(&self, id: &str, today: Date, dice: &mut Dice) -> RawApplication {
        let mut row = RawApplication::empty();
        let sex = if self.sex == '<' { "X".to_owned() } else { self.sex.to_string() };
        let taken_on = today.saturating_sub(dice.within(3, 150).days());
        let values = [
            ("application_id", id.to_owned()),
            ("business_type", self.business_type.to_owned()),
            ("lane", if dice.chance(0.1) { "green" } else { "normal" }.to_owned()),
            ("name", self.name.shown(self.capitals)),
            ("name_zh", self.name_zh.clone().unwrap_or_default()),
            ("sex", sex),
            ("birth_date", self.birth_date.to_string()),
            ("nationality", self.nationality.clone()),
            ("document_type", if self.pr_card { "pr-card" } else { "passport" }.to_owned()),
            ("document_number", self.document_number.clone()),
            ("document_expiry", self.expiry.to_string()),
            ("mrz", self.mrz()),
            ("ssn", self.ssn.clone()),
            ("work_permit_number", self.permit_number.clone()),
            ("work_permit_category", self.category.to_string()),
            ("work_permit_from", self.permit_from.to_string()),
            ("work_permit_to", self.permit_to.to_string()),
            ("employer_name", self.employer.name.clone()),
            ("employer_code", self.employer.code.clone()),
            ("photo", format!("{id}.jpg")),
            ("photo_taken_on", taken_on.to_string()),
            ("religious_headgear", "false".to_owned()),
            ("delivery", "outlet".to_owned()),
            ("phone", format!("+86 138{:08}", self.index % 100_000_000)),
            ("bank", (*dice.pick(&["ICBC", "CCB", "BOC", "ABC"])).to_owned()),
        ];
        for (field, value) in values {
            row.set(field, value);
        }
        self.replacement(&mut row);
        row
    }

    fn replacement(&self, row: &mut RawApplication) {
        if self.business_type == "replace-lost" {
            row.set("loss_report", format!("LR-{:08}", self.index));
        }
        if matches!(self.business_type, "replace-damaged" | "same-number") {
            let number = card::card_number::number_at("B", self.index % SEVEN_DIGITS).expect("seven digits after one letter");
            row.set("old_card_number", number);
        }
    }

    pub fn permit(&self) -> PermitRow {
        PermitRow {
            number: self.permit_number.clone(),
            document_number: self.document_number.clone(),
            nationality: self.nationality.clone(),
            category: self.category,
            status: "valid".to_owned(),
            from: self.permit_from,
            to: self.permit_to,
            last_event: self.event,
            event_on: Some(self.permit_from),
            physical_card_held: self.event == PermitEvent::None,
            employer_code: self.employer.code.clone(),
        }
    }

    pub fn enrolment(&self) -> EnrolmentRow {
        EnrolmentRow {
            ssn: self.ssn.clone(),
            nationality: self.nationality.clone(),
            document_number: self.document_number.clone(),
            name: self.name.shown(self.capitals),
            birth_date: self.birth_date,
            status: "active".to_owned(),
        }
    }
}

fn business(dice: &mut Dice) -> (&'static str, PermitEvent) {
    match dice.below(100) {
        0..70 => ("new", PermitEvent::New),
        70..80 => ("renew-permit", PermitEvent::Renewed),
        80..88 => ("alter-permit", PermitEvent::Altered),
        88..94 => ("replace-lost", PermitEvent::None),
        94..98 => ("replace-damaged", PermitEvent::New),
        98 => ("same-number", PermitEvent::New),
        _ => ("new", PermitEvent::Renewed),
    }
}
