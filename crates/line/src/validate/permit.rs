//! What the registers say of an application: outlet open, permit valid and due, social security number assigned to this person.
//! Asked at intake and again at the cut, because all of it can change overnight.

use card::country::clean_code;
use card::reason::{Code, Reason};
use card::register::{EnrolmentRow, PermitEvent, PermitRow};
use card::{Application, BusinessType};
use jiff::civil::Date;

use super::Judge;
use crate::ports::Lookup;

/// Reasons, and the day of the permit's last event.
#[must_use]
pub fn look_up(application: &Application, outlet: &str, judge: &Judge) -> (Vec<Reason>, Option<Date>) {
    let mut reasons = outlet_reasons(outlet, judge);
    let event_on = match judge.registers.permit(&application.work_permit_number) {
        Lookup::NoRegister => {
            reasons.push(no_register("permits", judge));
            None
        }
        Lookup::Unknown => {
            reasons.push(judge.profile.reason(Code::Prm01, "not in the register", "a permit the register knows"));
            None
        }
        Lookup::Found(permit) => {
            reasons.extend(permit_reasons(application, &permit, judge));
            permit.event_on
        }
    };
    match judge.registers.enrolment(&application.ssn) {
        Lookup::NoRegister => reasons.push(no_register("enrolment", judge)),
        Lookup::Unknown => reasons.push(judge.profile.reason(Code::Rec23, "not assigned", "a number the agency assigned")),
        Lookup::Found(row) => reasons.extend(enrolment_reason(application, &row, judge)),
    }
    (reasons, event_on)
}

fn no_register(kind: &str, judge: &Judge) -> Reason {
    judge.profile.reason(Code::Reg01, kind, "cardline registers import")
}

fn outlet_reasons(outlet: &str, judge: &Judge) -> Vec<Reason> {
    match judge.registers.outlet(outlet) {
        Lookup::NoRegister => vec![no_register("outlets", judge)],
        Lookup::Unknown => vec![judge.profile.reason(Code::Rec21, "unknown", "an open outlet")],
        Lookup::Found(row) if !row.open => vec![judge.profile.reason(Code::Rec21, "closed", "an open outlet")],
        Lookup::Found(_) => Vec::new(),
    }
}

fn permit_reasons(application: &Application, permit: &PermitRow, judge: &Judge) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let cancelled = permit.last_event == PermitEvent::Cancelled || permit.status == "cancelled";
    if cancelled {
        reasons.push(judge.profile.reason(Code::Prm03, "cancelled", "valid"));
    }
    if permit.to < judge.day {
        reasons.push(judge.profile.reason(Code::Prm02, permit.to.to_string(), judge.day.to_string()));
    }
    if permit.from > judge.day {
        reasons.push(judge.profile.reason(Code::Prm06, permit.from.to_string(), judge.day.to_string()));
    }
    let differing = differing_fields(application, permit);
    if !differing.is_empty() {
        reasons.push(judge.profile.reason(Code::Prm04, differing.join(" "), "as in the permit register"));
    }
    if !permit.employer_code.is_empty() && permit.employer_code != application.employer_code {
        reasons.push(judge.profile.reason(Code::Prm07, "another code", "the permit's employer"));
    }
    if !cancelled {
        reasons.extend(not_due(application.business_type, permit, judge));
    }
    reasons
}

fn differing_fields(application: &Application, permit: &PermitRow) -> Vec<&'static str> {
    let alnum = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect::<String>();
    let pairs = [
        ("document_number", alnum(&application.document_number) == alnum(&permit.document_number)),
        ("nationality", same_country(&application.nationality, &permit.nationality)),
        ("work_permit_category", application.work_permit_category == permit.category),
        ("work_permit_to", application.work_permit_to == permit.to),
    ];
    pairs.into_iter().filter(|(_, same)| !same).map(|(field, _)| field).collect()
}

/// Registers and outlets write one country in several ways (`D`, `DEU`).
fn same_country(one: &str, other: &str) -> bool {
    clean_code(one) == clean_code(other)
}

/// "No change, no replacement" (S1): a card is due for a new, renewed or altered permit; replacements need no event.
fn not_due(business: BusinessType, permit: &PermitRow, judge: &Judge) -> Option<Reason> {
    let wanted = match business {
        BusinessType::New => PermitEvent::New,
        BusinessType::RenewPermit => PermitEvent::Renewed,
        BusinessType::AlterPermit => PermitEvent::Altered,
        BusinessType::ReplaceLost | BusinessType::ReplaceDamaged | BusinessType::SameNumber => return None,
    };
    // A first card may also follow a renewal or alteration: the holder never had one under the new procedure.
    let first_card = business == BusinessType::New && matches!(permit.last_event, PermitEvent::Renewed | PermitEvent::Altered);
    let due = permit.last_event == wanted || first_card;
    (!due).then(|| judge.profile.reason(Code::Prm05, format!("{:?}", permit.last_event).to_lowercase(), "new, renewed or altered"))
}

fn enrolment_reason(application: &Application, row: &EnrolmentRow, judge: &Judge) -> Option<Reason> {
    let mut differing = Vec::new();
    if row.birth_date != application.birth_date {
        differing.push("birth_date");
    }
    if !same_country(&application.nationality, &row.nationality) {
        differing.push("nationality");
    }
    // The number is for life and documents are renewed (card-and-rules.md 1.8): the document alone never disproves it.
    (!differing.is_empty()).then(|| judge.profile.reason(Code::Rec24, differing.join(" "), "as in the enrolment register"))
}
