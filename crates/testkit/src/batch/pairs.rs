//! Applications that are only wrong together: the same person or photo twice, a number used twice, a correction. The first half says
//! what it will have become when the second has arrived; across packages the second is owed until a later package can carry it.

use card::{Code, Outcome};

use super::case::{Case, Fate, Photo};

/// One kind of pair.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pair {
    /// Twice in one package: both wait.
    SamePerson,
    /// One photo for two people of one package: both wait.
    SamePhoto,
    /// Again at any outlet: the second waits.
    Elsewhere,
    /// Same name, birth date and nationality with another document: the second waits.
    RenewedPassport,
    /// One photo for two people in two packages: both wait.
    PhotoElsewhere,
    /// The first's photo, saved anew, for another person in another package: the second is warned about.
    PictureElsewhere,
    /// The very same application in a later package of its outlet.
    Resent,
    /// Its number with other data.
    NumberReused,
    /// Replaced by a later one: the first ends, the second goes on.
    Corrected,
}

impl Pair {
    pub const ALL: [Self; 9] = [
        Self::SamePerson,
        Self::SamePhoto,
        Self::Elsewhere,
        Self::RenewedPassport,
        Self::PhotoElsewhere,
        Self::PictureElsewhere,
        Self::Resent,
        Self::NumberReused,
        Self::Corrected,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::SamePerson => "same-person-in-package",
            Self::SamePhoto => "same-photo-in-package",
            Self::Elsewhere => "same-person-elsewhere",
            Self::RenewedPassport => "renewed-passport",
            Self::PhotoElsewhere => "same-photo-elsewhere",
            Self::PictureElsewhere => "photo-saved-anew-elsewhere",
            Self::Resent => "sent-again",
            Self::NumberReused => "number-reused",
            Self::Corrected => "corrected",
        }
    }

    /// Whether both halves belong in one package.
    pub fn in_one_package(self) -> bool {
        matches!(self, Self::SamePerson | Self::SamePhoto)
    }

    /// Whether the second must come from the first's outlet: application numbers are the outlet's own.
    pub fn at_one_outlet(self) -> bool {
        matches!(self, Self::Resent | Self::NumberReused | Self::Corrected)
    }

    /// What the first half and the second half become.
    pub fn fates(self) -> [Fate; 2] {
        let accepted = Fate::ACCEPTED;
        match self {
            Self::SamePerson => [Fate::held(Code::Dup02); 2],
            Self::SamePhoto | Self::PhotoElsewhere => [Fate::held(Code::Dup07); 2],
            Self::PictureElsewhere => [accepted, Fate::warned(Code::Dup10)],
            Self::Elsewhere => [accepted, Fate::held(Code::Dup03)],
            Self::RenewedPassport => [accepted, Fate::held(Code::Dup04)],
            Self::Resent => [accepted, Fate::rejected(Code::Dup01)],
            Self::NumberReused => [accepted, Fate::rejected(Code::Dup08)],
            Self::Corrected => [Fate { outcome: Outcome::Rejected, headline: Some(Code::Wdr02) }, accepted],
        }
    }

    /// The second half, from the first and a fresh conforming case `other` of the receiving outlet.
    pub fn second(self, first: &Case, mut other: Case) -> Case {
        match self {
            Self::SamePhoto | Self::PhotoElsewhere => other.photo = first.photo,
            Self::PictureElsewhere => save_anew(&mut other, first),
            Self::NumberReused => rename(&mut other, &first.id),
            Self::RenewedPassport => same_holder(&mut other, first),
            Self::Resent => other = Case { permit: None, enrolment: None, ..first.clone() },
            Self::SamePerson | Self::Elsewhere | Self::Corrected => again(&mut other, first, self),
        }
        other.fate = self.fates()[1];
        other.fault = self.name();
        other
    }
}

/// What is worn in the picture is declared with it.
fn save_anew(other: &mut Case, first: &Case) {
    if let Photo::Good(n) = first.photo {
        other.photo = Photo::SavedAnew(n);
    }
    other.row.set("religious_headgear", first.row.get("religious_headgear"));
}

fn rename(case: &mut Case, id: &str) {
    id.clone_into(&mut case.id);
    case.row.set("application_id", id);
}

/// Another application of the same person under a new number; the registers know the person already.
fn again(other: &mut Case, first: &Case, pair: Pair) {
    let mut row = first.row.clone();
    for field in ["application_id", "photo", "photo_taken_on", "religious_headgear"] {
        row.set(field, other.row.get(field));
    }
    if pair == Pair::Corrected {
        row.set("supersedes", first.id.as_str());
    }
    *other = Case { person: first.person.clone(), row, permit: None, enrolment: None, ..other.clone() };
}

/// Somebody else's numbers under the first's name, birth date and nationality.
fn same_holder(other: &mut Case, first: &Case) {
    let person = super::person::Person {
        name: first.person.name.clone(),
        capitals: first.person.capitals,
        sex: first.person.sex,
        birth_date: first.person.birth_date,
        nationality: first.person.nationality.clone(),
        pr_card: false,
        ..other.person.clone()
    };
    other.change_person(person);
}

/// A second half that still has to be sent.
pub struct Debt {
    pub pair: Pair,
    pub first: Case,
    /// Place of its outlet in the order's list.
    pub outlet: usize,
}

impl Debt {
    pub fn payable_at(&self, outlet: usize) -> bool {
        !self.pair.at_one_outlet() || self.outlet == outlet
    }
}

/// Whether a case can be half of a pair: the photo comes from the gallery and nothing else is wrong.
pub fn is_plain(case: &Case) -> bool {
    case.fate == Fate::ACCEPTED && matches!(case.photo, Photo::Good(_))
}
