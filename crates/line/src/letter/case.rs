//! One application in a letter: which it is, what is wrong with it, its photo marked, and by when something is to happen.

use std::sync::Arc;

use card::messages::{self, Said};
use card::reason::AnswerLane;
use card::{Effect, Message, Outcome, Profile, Reason};
use ledger::book::state::{ApplicationState, PackageState};
use ledger::fault::Fault;
use photo::Rgb;

use super::Desk;
use super::draft::Subject;
use crate::validate::stored::{StoredRecord, contents_path};
use crate::vault::Vault;

/// Half the scale of the photo.
const SHRINK: u32 = 2;
const JPEG_QUALITY: u8 = 80;
/// Longest measured value or limit a letter shows; the lists have the whole.
const VALUE_CHARS_MAX: usize = 160;

/// An application as a letter shows it. May hold a name and a photo: no `Debug`.
pub struct Case {
    pub application_id: String,
    pub package_id: String,
    /// 1-based.
    pub row: u32,
    /// Row, and what else names the application to the outlet.
    pub place: String,
    pub outcome: Outcome,
    pub name: String,
    pub picture: Option<Arc<[u8]>>,
    pub reasons: Vec<Reason>,
    pub by: Said,
}

/// Whether a reason that holds or rejects is about the photo.
#[must_use]
pub fn is_about_the_photo(reason: &Reason) -> bool {
    reason.effect > Effect::Warn && reason.code.text().starts_with("PHO-")
}

/// The reasons that stop an application; remarks alone are for the lists.
pub fn stopping(reasons: &[Reason]) -> impl Iterator<Item = &Reason> {
    reasons.iter().filter(|r| r.effect > Effect::Warn)
}

/// Measured value and limit in one line, each cut where it is too long for a letter.
pub fn measured(reason: &Reason) -> String {
    let part = |message: Message, text: &str| (!text.is_empty()).then(|| format!("{} {}", message.both(), cut(text)));
    [part(Message::Measured, &reason.value), part(Message::Limit, &reason.limit)].into_iter().flatten().collect::<Vec<_>>().join("  ·  ")
}

fn cut(text: &str) -> String {
    if text.chars().count() <= VALUE_CHARS_MAX {
        return text.to_owned();
    }
    text.chars().take(VALUE_CHARS_MAX - 1).chain(['…']).collect()
}

pub fn of(desk: &Desk, subject: &Subject, lane: AnswerLane, state: &ApplicationState) -> Result<Case, Fault> {
    let settled_on = desk.plan.day(state.settled_at);
    let row = state.row + 1;
    let mut case = Case {
        application_id: state.application_id.clone(),
        package_id: String::new(),
        row,
        place: String::new(),
        outcome: state.outcome,
        name: String::new(),
        picture: None,
        reasons: stopping(&state.reasons).cloned().collect(),
        by: messages::lane_by(lane).said_of_day(desk.profile().answers.by(lane, settled_on)),
    };
    match subject {
        Subject::Package { package, vault, .. } => {
            let record = vault.record(package.received.package, state.row)?;
            case.package_id.clone_from(&package.received.package_id);
            case.name = messages::full_name(record.raw.get("name"), Some(record.raw.get("name_zh")));
            case.place = [Message::RowOf.said_with(&[("row", &row.to_string())]).join(" "), receipt(&record)].concat();
            if case.reasons.iter().any(is_about_the_photo) {
                case.picture = picture(vault, desk.profile(), package, &record)?.map(Arc::from);
            }
        }
        Subject::Night { .. } | Subject::SetAside { .. } => {
            case.package_id = desk.book.package(state.package)?.map_or_else(String::new, |p| p.received.package_id);
            case.place = Message::RowOfPackage.filled(card::Language::Chinese, &[("package", &case.package_id), ("row", &row.to_string())]);
        }
    }
    Ok(case)
}

fn receipt(record: &StoredRecord) -> String {
    match record.receipt_number() {
        "" => String::new(),
        number => format!("  ·  {} {number}", Message::Receipt.both()),
    }
}

/// The marked photo at half scale, as JPEG; `None` if it can't be decoded safely.
fn picture(vault: &Vault, profile: &Profile, package: &PackageState, record: &StoredRecord) -> Result<Option<Vec<u8>>, Fault> {
    // Only what was decoded when it was judged: the others have no pixels to show.
    if record.measurements.as_ref().is_none_or(|m| m.pixels.is_none()) {
        return Ok(None);
    }
    let contents = vault.contents(package.received.package)?;
    let path = contents_path(package.received.package);
    let Some(jpeg) = contents.get(&record.photo_name()).map_err(|e| e.at(&path))? else { return Ok(None) };
    let Ok(stripped) = photo::strip(&jpeg) else { return Ok(None) };
    let Ok(rgb) = photo::decode(&stripped, &profile.photo) else { return Ok(None) };
    let areas: Vec<photo::Area> = record.marks.iter().map(|(_, area)| *area).collect();
    Ok(encoded(&photo::thumbnail(&photo::marked(&rgb, &areas), rgb.width() / SHRINK, rgb.height() / SHRINK)))
}

fn encoded(rgb: &Rgb) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
    encoder.encode(rgb.bytes(), rgb.width(), rgb.height(), image::ExtendedColorType::Rgb8).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use card::Code;

    use super::*;

    #[test]
    fn only_what_holds_or_rejects_for_the_photo_is_about_the_photo() {
        let reason = |code, effect| is_about_the_photo(&Reason::with_effect(code, effect, "", ""));
        assert!(reason(Code::Pho13, Effect::Reject) && reason(Code::Pho13, Effect::Hold));
        assert!(!reason(Code::Pho24, Effect::Warn) && !reason(Code::Rec02, Effect::Reject));
    }

    #[test]
    fn values_are_told_with_their_limits_and_never_fill_a_page() {
        assert_eq!(measured(&Reason::new(Code::Pho13, "36 %", "20 %")), "Measured 实测 36 %  ·  Limit 限值 20 %");
        assert_eq!(measured(&Reason::new(Code::Pho13, "", "20 %")), "Limit 限值 20 %");
        assert_eq!(measured(&Reason::new(Code::Pho13, "", "")), "");
        let long = measured(&Reason::new(Code::Pho13, "值".repeat(5_000), ""));
        assert!(long.chars().count() < 200 && long.ends_with('…'));
    }
}
