//! What the sections of `pipeline.toml` must hold beyond their types, each refused with file, line and key. The ranges of numbers are beside.

use std::path::Path;

use card::Code;
use ledger::fault::Fault;
use photo::nets::Engine;
use plant::token_keys::{KeyName, Sm4Numbers, TokenSettings};

use super::{EngineName, Photo, Sender, Token};

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
    pub(super) fn named(&self, text: &str, file: &str) -> Result<(), Fault> {
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
    pub(super) fn printable(&self, text: &str, file: &str) -> Result<(), Fault> {
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

pub(super) fn line_of_key(text: &str, key: &str) -> usize {
    let defines = |line: &str| line.split_once('=').is_some_and(|(name, _)| name.trim() == key);
    text.lines().position(defines).map_or(1, |i| i + 1)
}

pub(super) fn refused_at(text: &str, file: &str, error: &toml::de::Error) -> Fault {
    let start = error.span().map_or(0, |s| s.start.min(text.len()));
    let line = text[..start].matches('\n').count() + 1;
    let source = text.lines().nth(line - 1).unwrap_or("");
    let key = source.split('=').next().unwrap_or("").trim();
    Fault::Refused { code: Code::Cfg01, text: format!("{file}:{line}: {key}: {}", error.message()) }
}
