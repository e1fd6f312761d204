//! The validate room: one application judged alone. Pure but for the registers, which are immutable while they are open, so
//! it runs on any thread. What concerns its neighbours (duplicates, replays) is decided in order, in `neighbours.rs`.

pub mod neighbours;
pub mod permit;
pub mod pictures;
pub mod prepass;
pub mod stored;

use std::panic::{AssertUnwindSafe, catch_unwind};

use card::parse::Channel;
use card::reason::{Code, Reason};
use card::{Application, Digest, Keyed, Profile, RawApplication};
use jiff::civil::Date;
use ledger::entry::Facts;
use photo::Sitting;
use photo::likeness::FaceHash;
use photo::nets::Networks;

use crate::plan::Pepper;
use crate::ports::Registers;
use stored::StoredRecord;

/// What judging needs beside the application.
pub struct Judge<'a> {
    pub profile: &'a Profile,
    pub registers: &'a dyn Registers,
    pub pepper: &'a Pepper,
    pub networks: &'a dyn Networks,
    /// The day of arrival at intake, the production date at the cut.
    pub day: Date,
}

/// One row as it comes out of a package.
#[derive(Clone)]
pub struct Row<'a> {
    pub raw: RawApplication,
    /// What was wrong with the row itself (encoding, columns).
    pub row_reasons: Vec<Reason>,
    /// Findings about the package that touch this row (sequence gap, digest of its photo, in-package duplicates).
    pub package_reasons: Vec<Reason>,
    pub channel: Channel,
    pub outlet: &'a str,
    pub photo: Option<Photo<'a>>,
}

impl Row<'_> {
    /// Whether it says so in so many words; what can't be understood is named by the record's own rules.
    fn declares_headgear(&self) -> bool {
        card::parse::declares_headgear(&self.raw)
    }
}

/// The row's photo as it lies in the vault.
#[derive(Clone)]
pub struct Photo<'a> {
    pub jpeg: &'a [u8],
    pub digest: Digest,
}

/// An application judged alone.
pub struct Alone {
    pub record: StoredRecord,
    /// What the registers say today; asked again at the cut.
    pub register_reasons: Vec<Reason>,
    pub facts: Option<Facts>,
    /// By which its photo is known again; compared with all earlier ones in order of arrival.
    pub face_hash: Option<FaceHash>,
    /// Day of the permit's last event, for "no change, no replacement" against an earlier card.
    pub permit_event_on: Option<Date>,
}

/// Judges one row. A panic in a decoder or rule becomes a held outcome of this row alone (house.md §5).
#[must_use]
pub fn judge_alone(row: &Row, judge: &Judge) -> Alone {
    catch_unwind(AssertUnwindSafe(|| judge_row(row, judge))).unwrap_or_else(|_| held_for_our_fault(row, judge))
}

/// Judges one row whose photo can't be examined without harm to the run (faults.md D24): everything but the photo, which is held.
#[must_use]
pub fn judge_without_photo(row: &Row, judge: &Judge) -> Alone {
    let named = row.photo.is_some().then(|| judge.profile.reason(Code::Pho99, "the examination ends its process", "none"));
    let mut alone = judge_alone(&Row { photo: None, ..row.clone() }, judge);
    // Its photo isn't missing: that is said by no other reason.
    alone.record.reasons.retain(|reason| reason.code != Code::Pho25);
    alone.record.reasons.extend(named);
    alone.record.photo = row.photo.as_ref().map(|photo| photo.digest);
    alone
}

fn judge_row(row: &Row, judge: &Judge) -> Alone {
    let parsed = card::parse::parse(&row.raw, judge.day, &row.channel, judge.profile);
    let mut reasons = [row.row_reasons.clone(), row.package_reasons.clone(), parsed.reasons].concat();
    if let Some(application) = &parsed.application {
        reasons.extend(text_reasons(application, judge.profile));
    }
    let examined = row.photo.as_ref().map(|photo| examine(photo, row, judge));
    let examined = examined.unwrap_or_else(|| Examined { reasons: no_photo(row, judge.profile), ..Examined::default() });
    reasons.extend(examined.reasons);
    let looked_up = parsed.application.as_ref().map(|a| permit::look_up(a, row.outlet, judge));
    let facts = parsed.application.as_ref().map(|a| facts(a, judge.pepper));
    let (register_reasons, permit_event_on) = looked_up.unwrap_or_default();
    Alone {
        record: StoredRecord {
            raw: row.raw.clone(),
            application: parsed.application,
            reasons,
            photo: row.photo.as_ref().map(|p| p.digest),
            photo_validated: examined.photo_validated,
            measurements: examined.measurements,
            marks: examined.marks,
        },
        register_reasons,
        facts,
        face_hash: examined.face_hash,
        permit_event_on,
    }
}

fn held_for_our_fault(row: &Row, judge: &Judge) -> Alone {
    let reasons = vec![judge.profile.reason(Code::Rec99, "panic while judging", "none")];
    let record = StoredRecord {
        raw: row.raw.clone(),
        application: None,
        reasons,
        photo: row.photo.as_ref().map(|p| p.digest),
        photo_validated: None,
        measurements: None,
        marks: Vec::new(),
    };
    Alone { record, register_reasons: Vec::new(), facts: None, face_hash: None, permit_event_on: None }
}

fn no_photo(row: &Row, profile: &Profile) -> Vec<Reason> {
    // A photo whose digest is wrong was named by the package's findings already; it isn't missing.
    let named = row.package_reasons.iter().any(|r| r.code == Code::Man01);
    if named { Vec::new() } else { vec![profile.reason(Code::Pho25, "not in the package", "one photo an application")] }
}

/// What an examination leaves in the record.
#[derive(Default)]
struct Examined {
    reasons: Vec<Reason>,
    measurements: Option<photo::Measurements>,
    photo_validated: Option<Digest>,
    face_hash: Option<FaceHash>,
    marks: Vec<(Code, photo::Area)>,
}

fn examine(photo: &Photo, row: &Row, judge: &Judge) -> Examined {
    let profile = judge.profile;
    let sitting = Sitting { profile, networks: judge.networks, religious_headgear: row.declares_headgear() };
    let examination = catch_unwind(AssertUnwindSafe(|| photo::examine(photo.jpeg, &sitting)));
    let Ok(examination) = examination else {
        return Examined { reasons: vec![profile.reason(Code::Pho99, "panic while decoding", "none")], ..Examined::default() };
    };
    Examined {
        photo_validated: examination.stripped.as_ref().map(photo::Stripped::digest),
        face_hash: examination.face_hash,
        marks: examination.reasons.iter().filter_map(|f| f.area.map(|area| (f.code, area))).collect(),
        reasons: examination.reasons.into_iter().map(Reason::from).collect(),
        measurements: Some(examination.measurements),
    }
}

/// Do the texts fit the card and the chip, and can the fonts print them? The same functions print and encode later.
fn text_reasons(application: &Application, profile: &Profile) -> Vec<Reason> {
    let check = artwork::check_card_texts(application, &profile.face);
    let missing = check.missing.iter().map(|(field, c)| profile.reason(Code::Rec08, format!("{field}: U+{:04X}", u32::from(*c)), "glyphs of the card fonts"));
    let misfit = check.misfit.iter().map(|field| profile.reason(Code::Rec09, field.to_string(), "its box on the card"));
    let chip = chip::check_texts(application, &profile.chip);
    missing.chain(misfit).chain(chip.into_iter().map(|field| profile.reason(Code::Rec09, field, "its bytes in the chip"))).collect()
}

/// The keyed digests by which the index knows a person, and what the cut sorts by.
#[must_use]
pub fn facts(application: &Application, pepper: &Pepper) -> Facts {
    let nationality = application.nationality.as_bytes();
    let birth = application.birth_date.to_string();
    let likeness = card::name::likeness(&application.name);
    Facts {
        business_type: application.business_type,
        lane: application.lane,
        mail: matches!(application.delivery, card::Delivery::Mail(_)),
        document_key: pepper.keyed("document", &[nationality, application.document_number.as_bytes()]),
        ssn_key: pepper.keyed("ssn", &[application.ssn.as_bytes()]),
        likeness_key: pepper.keyed("likeness", &[likeness.as_bytes(), birth.as_bytes(), nationality]),
        content_key: pepper.keyed("content", &[&application.canonical()]),
        supersedes: application.supersedes.clone(),
    }
}

/// The digest the four views of a card carry: the whole application, its photo, its number.
#[must_use]
pub fn record_digest(application: &Application, photo_validated: &Digest, number: &str, generation: u32, pepper: &Pepper) -> Keyed {
    pepper.keyed("record", &[&application.canonical(), &photo_validated.0, number.as_bytes(), &generation.to_be_bytes()])
}
