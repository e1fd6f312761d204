//! One application on its way into a package: its person, its row, what the registers will say, its photo, and what must come of it.

use card::register::{EnrolmentRow, PermitRow};
use card::{Code, Outcome, RawApplication};

use super::person::Person;
use crate::degrade::{self, Degradation};
use crate::dice::Dice;
use crate::gallery::Gallery;

/// What must be said of one application.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    pub outcome: Outcome,
    /// The first reason's code, of an accepted one any warning's; `None` if nothing at all, or only warnings, may be said.
    pub headline: Option<Code>,
}

impl Fate {
    pub const ACCEPTED: Self = Self { outcome: Outcome::Accepted, headline: None };

    pub const fn held(code: Code) -> Self {
        Self { outcome: Outcome::Held, headline: Some(code) }
    }

    /// Accepted, and the code is among the warnings.
    pub const fn warned(code: Code) -> Self {
        Self { outcome: Outcome::Accepted, headline: Some(code) }
    }

    pub const fn rejected(code: Code) -> Self {
        Self { outcome: Outcome::Rejected, headline: Some(code) }
    }
}

/// Where the photo's bytes come from.
#[derive(Clone, Copy)]
pub enum Photo {
    /// The gallery's photo of this number.
    Good(u64),
    Damaged(u64, &'static Degradation),
    /// The gallery's photo of this number, opened, changed a little and saved again: other bytes, the same picture.
    SavedAnew(u64),
    /// Named in the row, not in the package.
    Missing,
    /// One bit differs from what was signed.
    Altered(u64),
}

/// An application with everything around it.
#[derive(Clone)]
pub struct Case {
    pub id: String,
    pub person: Person,
    pub row: RawApplication,
    /// What goes into the registers; `None` leaves the person out.
    pub permit: Option<PermitRow>,
    pub enrolment: Option<EnrolmentRow>,
    pub photo: Photo,
    pub fate: Fate,
    /// What was done to it, for people reading `expected.jsonl`.
    pub fault: &'static str,
}

impl Case {
    /// Puts another person into the row and the registers' rows; what the row says beside the person stays.
    pub fn change_person(&mut self, mut person: Person) {
        person.number_document(0, person.index);
        let mut row = person.row(&self.id, person.permit_from, &mut Dice::new(0, "row", person.index));
        for field in ["lane", "photo", "photo_taken_on", "religious_headgear", "delivery", "mail_recipient", "mail_address", "mail_postcode", "phone", "bank"] {
            row.set(field, self.row.get(field));
        }
        (self.permit, self.enrolment) = (Some(person.permit()), Some(person.enrolment()));
        (self.row, self.person) = (row, person);
    }

    /// The photo's bytes as they are signed.
    pub fn photo_bytes(&self, gallery: &Gallery) -> Option<Vec<u8>> {
        match self.photo {
            Photo::Good(n) | Photo::Altered(n) => Some(gallery.photo(n)),
            Photo::Damaged(n, how) => Some(how.apply(&gallery.picture(n), n)),
            Photo::SavedAnew(n) => Some(degrade::saved_anew(&gallery.photo(n))),
            Photo::Missing => None,
        }
    }
}
