//! `pipeline.toml`: every key optional over the defaults below, which are the ones the commented file at the root shows.
//! Unknown keys, wrong types, numbers out of range, texts that can't be printed and an engine without its library are refused with file,
//! line and key (CFG-01, -05, -06, -08, -09).

use std::path::{Path, PathBuf};

use card::Code;
use ledger::fault::Fault;
use photo::nets::Engine;
use plant::token_keys::{KeyName, Sm4Numbers, TokenSettings};
use serde::Deserialize;

/// The commented default, copied into every new plant.
pub const COMMENTED_DEFAULT: &str = include_str!("../../../pipeline.toml");
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

impl Photo {
    /// The engine meant.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.engine {
            EngineName::Rten => Engine::Rten,
            EngineName::OnnxRuntime => Engine::OnnxRuntime { library: self.library.clone() },
        }
    }

    /// A relative path would mean another file wherever a plant is copied, backed up or rehearsed. Whether the library can be used is seen
    /// when photos are about to be judged.
    fn named(&self, text: &str, file: &str) -> Result<(), Fault> {
        let refused = |why: &str| Err(Fault::Refused { code: Code::Cfg08, text: format!("{file}:{}: library: {why}", line_of_key(text, "library")) });
        match self.engine {
            EngineName::OnnxRuntime if !self.library.is_absolute() => refused("the engine onnxruntime wants the absolute path of its library"),
            EngineName::Rten if self.library != Path::new("") => refused("the engine rten has no library"),
            _ => Ok(()),
        }
    }
}

impl Token {
    /// How the token is found and what is in it.
    ///
    /// # Errors
    /// The key that is missing or wrong, and why.
    pub fn settings(&self) -> Result<TokenSettings, (&'static str, &'static str)> {
        let name = |key, text: &str| KeyName::parse(text).ok_or((key, "a key is named LABEL/VERSION, the version 0 to 255"));
        let optional = |key, text: &str| if text.is_empty() { Ok(None) } else { name(key, text).map(Some) };
        if !self.module.is_absolute() {
            return Err(("module", "the store pkcs11 wants the absolute path of the token's library"));
        }
        if self.label.is_empty() {
            return Err(("label", "the store pkcs11 wants the token's label"));
        }
        let numbers = [self.sm4_key_type, self.sm4_encrypt, self.sm4_derive];
        if numbers.contains(&0) && numbers != [0; 3] {
            return Err(("sm4_key_type", "the three numbers of SM4 come together"));
        }
        let [key_type, encrypt, derive] = numbers;
        Ok(TokenSettings {
            library: self.module.clone(),
            token: self.label.clone(),
            kek: optional("kek", &self.kek)?,
            transport: name("transport", &self.transport)?,
            mac: optional("mac", &self.mac)?,
            sm4: (key_type != 0).then_some(Sm4Numbers { key_type, encrypt, derive }),
        })
    }
}

impl Sender {
    /// Refused here, because at dispatch the cards are already made.
    fn printable(&self, text: &str, file: &str) -> Result<(), Fault> {
        let refused = |key: &str, why: String| {
            let text = format!("{file}:{}: {key}: {why}", line_of_key(text, key));
            Err(Fault::Refused { code: Code::Cfg06, text })
        };
        let lines = [("name_zh", &self.name_zh), ("name", &self.name), ("address", &self.address), ("phone", &self.phone)];
        for (key, value) in lines {
            if let Some(c) = artwork::missing_glyphs(value).first() {
                return refused(key, format!("the fonts lack {c:?} (U+{:04X})", u32::from(*c)));
            }
        }
        match artwork::check_label_sender(&lines.map(|(_, value)| value.as_str())) {
            Ok(()) => Ok(()),
            Err(why) => refused(longest(&lines), why.to_string()),
        }
    }
}

/// The key of the longest value: the one to shorten.
fn longest<'a>(values: &[(&'a str, &String)]) -> &'a str {
    values.iter().max_by_key(|(_, value)| value.chars().count()).map_or("", |(key, _)| key)
}

fn line_of_key(text: &str, key: &str) -> usize {
    let defines = |line: &str| line.split_once('=').is_some_and(|(name, _)| name.trim() == key);
    text.lines().position(defines).map_or(1, |i| i + 1)
}

fn refused_at(text: &str, file: &str, error: &toml::de::Error) -> Fault {
    let start = error.span().map_or(0, |s| s.start.min(text.len()));
    let line = text[..start].matches('\n').count() + 1;
    let source = text.lines().nth(line - 1).unwrap_or("");
    let key = source.split('=').next().unwrap_or("").trim();
    Fault::Refused { code: Code::Cfg01, text: format!("{file}:{line}: {key}: {}", error.message()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Config::parse(text, "pipeline.toml").err().unwrap().to_string()
    }

    #[test]
    fn the_commented_default_is_the_default() {
        assert_eq!(Config::parse(COMMENTED_DEFAULT, FILE_NAME).unwrap(), Config::default());
        assert_eq!(Config::parse("", FILE_NAME).unwrap(), Config::default());
    }

    #[test]
    fn refusals_name_file_line_and_key() {
        assert!(refusal("[run]\npermits = 64\nthread = 2\n").starts_with("CFG-01 pipeline.toml:3: thread: unknown field"));
        assert!(refusal("[run]\npermits = \"many\"\n").starts_with("CFG-01 pipeline.toml:2: permits: invalid type"));
        assert!(refusal("\n[run]\nthreads = 0\n").starts_with("CFG-05 pipeline.toml:3: threads: 0 is not within 1 to 256"));
        assert!(refusal("[run]\nthreads = 1000000\n").contains("threads"));
        assert!(refusal("[plant]\nutc_offset = \"8\"\n").contains("pipeline.toml:2: utc_offset"));
        for wrong in ["6", "24:00", "06:60", "+6:00", ""] {
            assert!(refusal(&format!("[report]\nfinish_by = \"{wrong}\"\n")).contains("pipeline.toml:2: finish_by"), "{wrong}");
        }
        assert!(refusal("[run\n").starts_with("CFG-01 pipeline.toml:1"));
    }

    #[test]
    fn a_sender_that_labels_cant_show_is_refused_by_key_and_character() {
        assert!(
            refusal("[sender]\nphone = \"1\"\nname = \"Centre \u{1F600}\"\n").starts_with("CFG-06 pipeline.toml:3: name: the fonts lack '\u{1F600}' (U+1F600)")
        );
        assert!(refusal("[sender]\naddress = \"1 Road\\nWuhan\"\n").starts_with("CFG-06 pipeline.toml:2: address: the fonts lack '\\n' (U+000A)"));
        let long = format!("[sender]\nname_zh = \"\"\naddress = \"{}\"\n", "武昌区".repeat(300));
        assert!(refusal(&long).starts_with("CFG-06 pipeline.toml:3: address: sender: the text doesn't fit its box"));
    }

    #[test]
    fn an_engine_is_named_with_its_library_or_refused() {
        let engine = |text: &str| Config::parse(text, FILE_NAME).ok().map(|config| config.photo.engine());
        assert_eq!(engine(""), Some(Engine::Rten));
        let library = PathBuf::from("/opt/libonnxruntime.so");
        assert_eq!(engine("[photo]\nengine = \"onnxruntime\"\nlibrary = \"/opt/libonnxruntime.so\"\n"), Some(Engine::OnnxRuntime { library }));
        for named in ["", "library = \"libonnxruntime.so\"\n"] {
            assert!(
                refusal(&format!("[photo]\n{named}engine = \"onnxruntime\"\n")).contains("library: the engine onnxruntime wants the absolute path"),
                "{named}"
            );
        }
        assert!(refusal("[photo]\nlibrary = \"/opt/libonnxruntime.so\"\n").starts_with("CFG-08 pipeline.toml:2: library: the engine rten has no library"));
        assert!(refusal("[photo]\nengine = \"tract\"\n").starts_with("CFG-01 pipeline.toml:2: engine: unknown variant"));
    }

    #[test]
    fn a_production_plant_refuses_what_is_for_rehearsals() {
        assert!(refusal("[plant]\nproduction = true\n[keys]\nstore = \"file\"\n").starts_with("CFG-09 pipeline.toml:4: store: card keys in a file"));
        assert!(refusal("[plant]\nproduction = true\ndurability = \"none\"\n").starts_with("CFG-09 pipeline.toml:3: durability"));
        assert!(Config::parse("[keys]\nstore = \"file\"\n", FILE_NAME).is_ok());
        assert!(Config::parse("[plant]\nproduction = true\n", FILE_NAME).is_ok());
    }

    #[test]
    fn a_token_is_described_or_refused() {
        let store = |more: &str| format!("[keys]\nstore = \"pkcs11\"\n[keys.token]\n{more}");
        let whole = store("module = \"/usr/lib/token.so\"\nlabel = \"centre\"\n");
        let settings = Config::parse(&whole, FILE_NAME).ok().unwrap().keys.token.settings().ok().unwrap();
        assert_eq!((settings.transport.to_string(), settings.kek, settings.sm4), ("TRANSPORT/1".to_owned(), None, None));
        let production = format!("[plant]\nproduction = true\n{whole}");
        assert!(Config::parse(&production, FILE_NAME).is_ok(), "a token is for production");
        assert!(refusal(&store("label = \"centre\"\n")).starts_with("CFG-01 pipeline.toml:1: module: "));
        assert!(refusal(&store("module = \"token.so\"\n")).starts_with("CFG-01 pipeline.toml:4: module: "));
        assert!(refusal(&store("module = \"/usr/lib/token.so\"\n")).contains(" label: "));
        assert!(refusal(&format!("{whole}transport = \"TK\"\n")).starts_with("CFG-01 pipeline.toml:6: transport: "));
        assert!(refusal(&format!("{whole}sm4_derive = 7\n")).contains("the three numbers of SM4 come together"));
        assert!(Config::parse("[keys.token]\nkek = \"KEK/1\"\n", FILE_NAME).is_ok(), "not looked at without the store");
    }

    #[test]
    fn offsets() {
        let offset = |t: &str| Config { plant: Plant { utc_offset: t.to_owned(), ..Plant::default() }, ..Config::default() }.utc_offset_minutes();
        assert_eq!((offset("+08:00"), offset("-03:30"), offset("+15:00"), offset("08:00")), (Some(480), Some(-210), None, None));
    }
}
