//! `pipeline.toml`: every key optional over the defaults below, which are the ones the commented file at the root shows.
//! Unknown keys, wrong types, numbers out of range, texts that can't be printed and an engine without its library are refused with file,
//! line and key (CFG-01, -05, -06, -08, -09).

mod checks;

use std::path::PathBuf;

use card::Code;
use ledger::fault::Fault;
use serde::Deserialize;

use checks::{line_of_key, refused_at};

/// The commented default, copied into every new plant.
pub const COMMENTED_DEFAULT: &str = include_str!("../../../../pipeline.toml");
pub const FILE_NAME: &str = "pipeline.toml";

#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub plant: Plant,
    pub keys: Keys,
    pub profile: ProfileChoice,
    pub photo: Photo,
    pub run: Run,
    pub packages: Packages,
    pub release: Release,
    pub scheduler: Scheduler,
    pub sender: Sender,
    pub report: Report,
    pub index: Index,
    pub handover: Handover,
    pub print: Print,
    pub stock: Stock,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plant {
    pub durability: Durability,
    pub utc_offset: String,
    pub reserve_mib: u64,
    pub slow_disk_seconds: u64,
    pub production: bool,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    pub store: KeyStore,
    pub file: String,
    pub token: Token,
}

/// The token of `store = "pkcs11"`.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Token {
    pub module: PathBuf,
    pub label: String,
    pub transport: String,
    pub mac: String,
    pub kek: String,
    pub list: String,
    pub wrapped: String,
    pub sm4_key_type: u64,
    pub sm4_encrypt: u64,
    pub sm4_derive: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyStore {
    None,
    File,
    Pkcs11,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    Full,
    None,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProfileChoice {
    pub id: String,
    pub file: String,
}

#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Photo {
    pub engine: EngineName,
    pub library: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineName {
    #[default]
    Rten,
    OnnxRuntime,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    pub threads: Option<u64>,
    pub permits: u64,
    pub cards_per_job: u64,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Packages {
    pub unsigned_allowed: bool,
    pub incomplete_alert_minutes: u64,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Release {
    pub mode: ReleaseMode,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseMode {
    Automatic,
    TwoPerson,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scheduler {
    pub identity: String,
    pub resume_reason: String,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sender {
    pub name: String,
    pub name_zh: String,
    pub address: String,
    pub phone: String,
    pub mail_fee_cents: u64,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Report {
    pub proof_cards: u64,
    pub finish_by: String,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Index {
    pub cache_mib: u64,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Handover {
    pub valid_hours: u64,
}

/// Printers over IPP.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Print {
    /// Relative to the plant; empty for the machine's own certificates.
    pub ca: PathBuf,
    pub sides: Sides,
    pub connect_seconds: u64,
    pub answer_seconds: u64,
    pub job_minutes: u64,
}

/// How a printer turns a card between front and back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sides {
    TwoSidedLongEdge,
    TwoSidedShortEdge,
}

impl Sides {
    /// IPP's word.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Self::TwoSidedLongEdge => "two-sided-long-edge",
            Self::TwoSidedShortEdge => "two-sided-short-edge",
        }
    }
}

impl Default for Print {
    fn default() -> Self {
        Self { ca: PathBuf::new(), sides: Sides::TwoSidedLongEdge, connect_seconds: 10, answer_seconds: 30, job_minutes: 120 }
    }
}

#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stock {
    /// `None`: as the ledger shows.
    pub kept: Option<bool>,
}

impl Default for Handover {
    fn default() -> Self {
        Self { valid_hours: 72 }
    }
}

impl Default for Plant {
    fn default() -> Self {
        Self { durability: Durability::Full, utc_offset: "+08:00".to_owned(), reserve_mib: 1024, slow_disk_seconds: 10, production: false }
    }
}

impl Default for Keys {
    fn default() -> Self {
        Self { store: KeyStore::None, file: "keys/card-keys.age".to_owned(), token: Token::default() }
    }
}

impl Default for Token {
    fn default() -> Self {
        Self {
            module: PathBuf::new(),
            label: String::new(),
            transport: "TRANSPORT/1".to_owned(),
            mac: "MAC/1".to_owned(),
            kek: String::new(),
            list: "keys/token-keys.txt".to_owned(),
            wrapped: "keys/wrapped".to_owned(),
            sm4_key_type: 0,
            sm4_encrypt: 0,
            sm4_derive: 0,
        }
    }
}

impl Default for ProfileChoice {
    fn default() -> Self {
        Self { id: "hubei-foreigner-2025".to_owned(), file: String::new() }
    }
}

impl Default for Run {
    fn default() -> Self {
        Self { threads: None, permits: 256, cards_per_job: 500 }
    }
}

impl Default for Packages {
    fn default() -> Self {
        Self { unsigned_allowed: false, incomplete_alert_minutes: 30 }
    }
}

impl Default for Release {
    fn default() -> Self {
        Self { mode: ReleaseMode::Automatic }
    }
}

impl Default for Scheduler {
    fn default() -> Self {
        Self { identity: "scheduler".to_owned(), resume_reason: "scheduled run".to_owned() }
    }
}

impl Default for Sender {
    fn default() -> Self {
        Self {
            name: "Provincial Card Production Centre".to_owned(),
            name_zh: "省社会保障卡制卡中心".to_owned(),
            address: "湖北省武汉市武昌区示例路1号".to_owned(),
            phone: "12333".to_owned(),
            mail_fee_cents: 0,
        }
    }
}

impl Default for Report {
    fn default() -> Self {
        Self { proof_cards: 12, finish_by: "06:00".to_owned() }
    }
}

impl Default for Index {
    fn default() -> Self {
        Self { cache_mib: 8 }
    }
}

impl Config {
    /// Reads the text of a `pipeline.toml`.
    ///
    /// # Errors
    /// CFG-01 with file, line and key; CFG-05 for a number out of range; CFG-06 for a sender that labels can't show; CFG-08 for an engine
    /// whose library isn't named; CFG-09 for what a production plant doesn't accept.
    pub fn parse(text: &str, file: &str) -> Result<Self, Fault> {
        let config: Self = toml::from_str(text).map_err(|e| refused_at(text, file, &e))?;
        config.in_range(text, file)?;
        config.sender.printable(text, file)?;
        config.photo.named(text, file)?;
        if config.keys.store == KeyStore::Pkcs11 {
            config.keys.token.settings().map_err(|(key, why)| {
                let text = format!("{file}:{}: {key}: {why}", line_of_key(text, key));
                Fault::Refused { code: Code::Cfg01, text }
            })?;
        }
        config.fit_for_production(text, file)?;
        Ok(config)
    }

    fn in_range(&self, text: &str, file: &str) -> Result<(), Fault> {
        let ranges = [
            ("reserve_mib", self.plant.reserve_mib, 0, 1 << 24),
            ("slow_disk_seconds", self.plant.slow_disk_seconds, 1, 3600),
            ("threads", self.run.threads.unwrap_or(1), 1, 256),
            ("permits", self.run.permits, 16, 4096),
            ("cards_per_job", self.run.cards_per_job, 1, 2000),
            ("incomplete_alert_minutes", self.packages.incomplete_alert_minutes, 1, 10_080),
            ("mail_fee_cents", self.sender.mail_fee_cents, 0, 1_000_000),
            ("proof_cards", self.report.proof_cards, 0, 80),
            ("cache_mib", self.index.cache_mib, 1, 1024),
            ("valid_hours", self.handover.valid_hours, 1, 8760),
            ("connect_seconds", self.print.connect_seconds, 1, 120),
            ("answer_seconds", self.print.answer_seconds, 1, 600),
            ("job_minutes", self.print.job_minutes, 1, 1440),
        ];
        for (key, value, min, max) in ranges {
            if value < min || value > max {
                let text = format!("{file}:{}: {key}: {value} is not within {min} to {max}", line_of_key(text, key));
                return Err(Fault::Refused { code: Code::Cfg05, text });
            }
        }
        if self.utc_offset_minutes().is_none() {
            let text = format!("{file}:{}: utc_offset: not of the form +08:00", line_of_key(text, "utc_offset"));
            return Err(Fault::Refused { code: Code::Cfg01, text });
        }
        if self.report.finish_by_minutes().is_none() {
            let text = format!("{file}:{}: finish_by: not of the form 06:00", line_of_key(text, "finish_by"));
            return Err(Fault::Refused { code: Code::Cfg01, text });
        }
        Ok(())
    }

    /// What is for rehearsals isn't accepted where real cards are made (faults.md E03).
    fn fit_for_production(&self, text: &str, file: &str) -> Result<(), Fault> {
        let refused = |key: &str, why: &str| Err(Fault::refused(Code::Cfg09, format!("{file}:{}: {key}: {why}", line_of_key(text, key))));
        if !self.plant.production {
            return Ok(());
        }
        if self.keys.store == KeyStore::File {
            return refused("store", "card keys in a file are for development and rehearsals");
        }
        if self.plant.durability == Durability::None {
            return refused("durability", "\"none\" is for tests");
        }
        Ok(())
    }

    /// Minutes east of UTC, `None` if the text is not of the form `+08:00`.
    #[must_use]
    pub fn utc_offset_minutes(&self) -> Option<i32> {
        let text = &self.plant.utc_offset;
        let sign = match text.chars().next()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        let (hours, minutes) = text[1..].split_once(':')?;
        let number = |t: &str| (t.len() == 2).then(|| t.parse::<i32>().ok()).flatten();
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
    }
}

impl Report {
    /// Minutes after midnight, `None` if the text is not of the form `06:00`.
    #[must_use]
    pub fn finish_by_minutes(&self) -> Option<u32> {
        let (hours, minutes) = self.finish_by.split_once(':')?;
        let number = |t: &str| (t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<u32>().ok()).flatten();
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    }
}

#[cfg(test)]
mod tests;
