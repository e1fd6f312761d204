//! The profile: every numeric rule, range, layout and partner format as versioned data with the date it applies from.
//! One TOML text holds a base and dated changes; `Profile::parse` gives the rules in force on one day. Which text is used
//! is the caller's business; this file knows only the built-in ones.

pub mod answers;
pub mod chip;
pub mod collection;
pub mod encode;
pub mod face;
pub mod keys;
pub mod packing;
pub mod photo;
pub mod record;
pub mod remake;
pub mod retention;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use crate::ids::Digest;
use crate::reason::{Code, Effect, Reason};

/// The profile of Hubei's card for foreigners (S3, S4; issuance process marked "trial").
pub const HUBEI_FOREIGNER_2025: &str = concat!(
    include_str!("../../profiles/hubei-foreigner-2025/record.toml"),
    include_str!("../../profiles/hubei-foreigner-2025/photo.toml"),
    include_str!("../../profiles/hubei-foreigner-2025/photo-face.toml"),
    include_str!("../../profiles/hubei-foreigner-2025/chip.toml"),
    include_str!("../../profiles/hubei-foreigner-2025/keys.toml"),
    include_str!("../../profiles/hubei-foreigner-2025/face.toml"),
    include_str!("../../profiles/hubei-foreigner-2025/encode.toml"),
);

/// A picture on the chip, for a profile over Hubei's: its place and limits.
pub const CHIP_PORTRAIT: &str = include_str!("../../profiles/hubei-foreigner-2025/chip-portrait.toml");

/// A signature over holder and permit, for a profile over Hubei's: what it covers and where it lies.
pub const CHIP_PERMIT: &str = include_str!("../../profiles/hubei-foreigner-2025/chip-permit.toml");

/// The photo rules of the domestic card, over Hubei's profile.
pub const DOMESTIC_2019: &str = include_str!("../../profiles/domestic-2019/profile.toml");

/// Built-in profiles by id.
pub const BUILT_IN: [(&str, &str); 2] = [("hubei-foreigner-2025", HUBEI_FOREIGNER_2025), ("domestic-2019", DOMESTIC_2019)];

/// The rules in force on one day.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub id: String,
    pub title: String,
    /// The day from which the newest change included here applies (the base's own day if none).
    pub applies_from: Date,
    pub record: record::RecordRules,
    pub validity: record::Validity,
    #[serde(default)]
    pub number_range: Vec<record::NumberRange>,
    pub photo: photo::PhotoRules,
    pub chip: chip::ChipLayout,
    #[serde(default)]
    pub keys: keys::KeyRules,
    pub face: face::FaceLayout,
    pub encode: encode::EncodeLayout,
    #[serde(default)]
    pub retention: retention::Retention,
    #[serde(default)]
    pub answers: answers::Answers,
    #[serde(default)]
    pub collection: collection::Collection,
    #[serde(default)]
    pub packing: packing::Packing,
    #[serde(default)]
    pub remake: remake::Remake,
    /// Overrides of a code's default effect.
    #[serde(default)]
    pub effects: BTreeMap<String, Effect>,
    /// SHA-256 of the profile's text: part of the release id.
    #[serde(skip, default = "no_digest")]
    pub digest: Digest,
}

fn no_digest() -> Digest {
    Digest([0; 32])
}

impl Profile {
    /// Reads a profile text, lays it over the built-in profile it is `based_on` (if it says one), and applies every `[[change]]` whose
    /// `applies_from` is not after `day`, oldest first. Of the base only its own rules are taken, not its changes.
    ///
    /// # Errors
    /// The text is not TOML, holds an unknown key or code, a value of the wrong type, or applies only after `day`.
    pub fn parse(text: &str, day: Date) -> Result<Self, String> {
        let mut table: toml::Table = toml::from_str(text).map_err(|e| e.to_string())?;
        let changes = table.remove("change");
        let base = base_of(&mut table)?;
        if let Some(base) = base {
            let mut whole: toml::Table = toml::from_str(base).map_err(|e| e.to_string())?;
            whole.remove("change");
            merge(&mut whole, table);
            table = whole;
        }
        for change in dated_changes(changes, day)? {
            merge(&mut table, change);
        }
        let mut profile: Self = table.try_into().map_err(|e| e.to_string())?;
        if profile.applies_from > day {
            return Err(format!("profile {} applies from {}, not on {day}", profile.id, profile.applies_from));
        }
        if let Some(code) = profile.effects.keys().find(|c| Code::parse(c).is_none()) {
            return Err(format!("effects: unknown reason code {code:?}"));
        }
        profile.check()?;
        profile.digest = Digest::of([text, base.unwrap_or_default()].concat().as_bytes());
        Ok(profile)
    }

    /// Parts that only make sense together.
    fn check(&self) -> Result<(), String> {
        crate::card_number::check_ranges(&self.number_range)?;
        self.chip.check(&self.record)?;
        self.encode.check()?;
        self.retention.check()?;
        self.answers.check()?;
        self.collection.check()?;
        self.packing.check()?;
        let spoils = self.record.qr_payload.contains(self.encode.delimiter) || !self.record.qr_payload.bytes().all(|b| (0x20..0x7F).contains(&b));
        if spoils { Err("record.qr_payload: ASCII without the delimiter of encode".to_owned()) } else { Ok(()) }
    }

    /// # Errors
    /// No built-in profile has this id, or it doesn't apply on `day`.
    pub fn built_in(id: &str, day: Date) -> Result<Self, String> {
        let known = || BUILT_IN.map(|(id, _)| id).join(", ");
        let (_, text) = BUILT_IN.iter().find(|(name, _)| *name == id).ok_or_else(|| format!("unknown profile {id:?}; built in: {}", known()))?;
        Self::parse(text, day)
    }

    /// The profile without its rules about faces and what is behind them: for rehearsals and tests of everything else, where looking at
    /// faces would be most of the time. No plant's profile.
    #[must_use]
    pub fn without_faces(mut self) -> Self {
        (self.photo.face, self.photo.ground) = (None, None);
        self
    }

    /// The profile without signatures over permits: for rehearsals, which have no keys. No plant's profile.
    #[must_use]
    pub fn without_signed_permits(mut self) -> Self {
        self.chip.permit = None;
        self
    }

    /// A reason with the effect this profile gives the code.
    #[must_use]
    pub fn reason(&self, code: Code, value: impl Into<String>, limit: impl Into<String>) -> Reason {
        Reason::with_effect(code, self.effect_of(code), value, limit)
    }

    #[must_use]
    pub fn effect_of(&self, code: Code) -> Effect {
        self.effects.get(code.text()).copied().unwrap_or(code.definition().effect)
    }
}

/// The text of the built-in profile a table names as its base; a base has none itself.
fn base_of(table: &mut toml::Table) -> Result<Option<&'static str>, String> {
    let Some(named) = table.remove("based_on") else { return Ok(None) };
    let found = BUILT_IN.iter().find(|(id, text)| named.as_str() == Some(id) && !text.contains("\nbased_on"));
    found.map(|(_, text)| Some(*text)).ok_or_else(|| format!("based_on: {named} is no built-in profile that stands by itself"))
}

fn dated_changes(changes: Option<toml::Value>, day: Date) -> Result<Vec<toml::Table>, String> {
    let Some(changes) = changes else { return Ok(Vec::new()) };
    let list: Vec<toml::Table> = changes.try_into().map_err(|e| format!("change: {e}"))?;
    let mut dated = Vec::new();
    for change in list {
        let from = change.get("applies_from").and_then(toml::Value::as_str).ok_or("change: applies_from is missing")?;
        let from: Date = from.parse().map_err(|e| format!("change: applies_from: {e}"))?;
        if from <= day {
            dated.push((from, change));
        }
    }
    dated.sort_by_key(|(from, _)| *from);
    Ok(dated.into_iter().map(|(_, change)| change).collect())
}

/// Tables merge key by key; every other value replaces.
fn merge(base: &mut toml::Table, change: toml::Table) {
    for (key, value) in change {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => merge(old, new),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Date = jiff::civil::date(2025, 6, 1);

    #[test]
    fn the_built_in_profile_reads() {
        let p = Profile::built_in("hubei-foreigner-2025", DAY).unwrap();
        assert_eq!(p.id, "hubei-foreigner-2025");
        assert!(Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2024, 1, 1)).is_err());
        assert!(Profile::built_in("mars", DAY).is_err());
    }

    #[test]
    fn a_profile_over_another_says_only_what_differs() {
        let domestic = Profile::built_in("domestic-2019", DAY).unwrap();
        let hubei = Profile::built_in("hubei-foreigner-2025", DAY).unwrap();
        assert_eq!((domestic.photo.bytes_min, domestic.photo.bytes_max, domestic.photo.width_px), (14_000, 40_960, hubei.photo.width_px));
        assert_eq!(domestic.id, "domestic-2019");
        assert_ne!(domestic.digest, hubei.digest);
        for base in ["mars", "domestic-2019"] {
            let text = format!("id = \"x\"\ntitle = \"x\"\nbased_on = \"{base}\"\napplies_from = \"2020-01-01\"\n");
            assert!(Profile::parse(&text, DAY).err().unwrap().contains("based_on"), "{base}");
        }
        let changed = DOMESTIC_2019.to_owned() + "\n[[change]]\napplies_from = \"2025-05-01\"\n[change.photo]\nbytes_min = 15_000\n";
        assert_eq!(Profile::parse(&changed, DAY).unwrap().photo.bytes_min, 15_000);
    }

    #[test]
    fn a_change_applies_from_its_day() {
        let text = format!("{HUBEI_FOREIGNER_2025}\n[[change]]\napplies_from = \"2025-07-01\"\n[change.record]\nphoto_age_months_max = 3\n");
        assert_eq!(Profile::parse(&text, DAY).unwrap().record.photo_age_months_max, 6);
        let later = Profile::parse(&text, jiff::civil::date(2025, 7, 1)).unwrap();
        assert_eq!(later.record.photo_age_months_max, 3);
        assert_eq!(later.applies_from.to_string(), "2025-07-01");
    }

    #[test]
    fn retention_is_thirty_days_unless_said_otherwise_and_never_past_half_a_year() {
        let days = |text: &str| Profile::parse(text, DAY).map(|p| (p.retention.produced_days, p.retention.refused_days));
        assert_eq!(days(HUBEI_FOREIGNER_2025), Ok((30, 30)));
        let said = ["[retention]", "produced_days", "refused_days"];
        let unsaid: Vec<&str> = HUBEI_FOREIGNER_2025.lines().filter(|line| !said.iter().any(|word| line.starts_with(word))).collect();
        assert_eq!((HUBEI_FOREIGNER_2025.lines().count() - unsaid.len(), days(&unsaid.join("\n"))), (3, Ok((30, 30))));
        for (from, to, good) in [
            ("produced_days = 30", "produced_days = 180", true),
            ("produced_days = 30", "produced_days = 181", false),
            ("refused_days = 30", "refused_days = 0", false),
        ] {
            assert_eq!(days(&HUBEI_FOREIGNER_2025.replacen(from, to, 1)).is_ok(), good, "{to}");
        }
    }

    #[test]
    fn unknown_keys_are_refused() {
        let text = HUBEI_FOREIGNER_2025.replacen("photo_age_months_max", "photo_age_month_max", 1);
        let error = Profile::parse(&text, DAY).err().unwrap();
        assert!(error.contains("photo_age_month_max"), "{error}");
    }
}
