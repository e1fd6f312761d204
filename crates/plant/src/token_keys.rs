//! What a plant knows of the keys in its token without opening it: how the token is found, and the list of labels, versions and check values
//! that was taken down when the keys were last looked at (docs/formats/token-keys.md). Nothing here is secret; the token is `pkcs11`.

use std::fmt;
use std::path::PathBuf;

use card::profile::chip::KeyAlgorithm;
use chip::keys::KeyMark;

use crate::file_keys::{bytes_of, hex, name_of};

const FIRST_LINE: &str = "cardline-token-keys/1";
const NOTHING: &str = "-";

/// A key by its name, `LABEL/VERSION`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyName {
    pub label: String,
    pub version: u8,
}

impl KeyName {
    /// `None` if the text isn't a label, a slash and a version of 0 to 255.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (label, version) = text.split_once('/')?;
        let version: u8 = version.parse().ok()?;
        let name = Self { label: label.to_owned(), version };
        (KeyMark::new(label, version, [0; 3]).is_ok() && name.to_string() == text).then_some(name)
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.label, self.version)
    }
}

/// Numbers of a token that has SM4: the standard gives none, every maker has its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sm4Numbers {
    pub key_type: u64,
    /// SM4 in ECB.
    pub encrypt: u64,
    /// Derivation by encryption in ECB; its parameter is that of `CKM_AES_ECB_ENCRYPT_DATA`.
    pub derive: u64,
}

/// How a token is found, and what its keys that aren't master keys are called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenSettings {
    /// The token's PKCS#11 library.
    pub library: PathBuf,
    /// The token's label.
    pub token: String,
    /// The AES-256 key that wraps keys at rest; needed where there are any.
    pub kek: Option<KeyName>,
    /// The AES-256 key card keys travel under.
    pub transport: KeyName,
    /// The AES key of the MAC over a card's data.
    pub mac: Option<KeyName>,
    pub sm4: Option<Sm4Numbers>,
}

/// Where a key is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Held {
    Token,
    /// In a file, wrapped under the KEK.
    Wrapped,
}

/// What card keys are derived from.
#[derive(Clone, PartialEq, Eq)]
pub struct NotedRoot {
    pub mark: KeyMark,
    pub algorithm: KeyAlgorithm,
    /// The city a first-level key is of.
    pub city: Option<[u8; 6]>,
    pub held: Held,
}

/// The keys a plant works with.
#[derive(Clone, PartialEq, Eq)]
pub struct NotedKeys {
    pub transport: KeyMark,
    pub mac: Option<KeyMark>,
    pub roots: Vec<NotedRoot>,
}

impl NotedKeys {
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n");
        let mut line = |of: &str, mark: &KeyMark, cipher: &str, city: &str, held: Held| {
            let held = if held == Held::Token { "token" } else { "wrapped" };
            text.push_str(&format!("{of} {} {} {cipher} {city} {} {held}\n", mark.label(), mark.version(), hex(&mark.check())));
        };
        line("transport", &self.transport, "AES", NOTHING, Held::Token);
        if let Some(mac) = &self.mac {
            line("mac", mac, "AES", NOTHING, Held::Token);
        }
        for root in &self.roots {
            let city = root.city.as_ref().and_then(|c| std::str::from_utf8(c).ok()).unwrap_or(NOTHING);
            line("root", &root.mark, name_of(root.algorithm), city, root.held);
        }
        text
    }

    /// Takes only what [`NotedKeys::to_text`] writes.
    ///
    /// # Errors
    /// Says the line that isn't of this form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.split_terminator('\n').enumerate();
        if lines.next().map(|(_, line)| line) != Some(FIRST_LINE) {
            return Err("not a list of token keys of version 1".to_owned());
        }
        let (mut transport, mut mac, mut roots) = (None, None, Vec::new());
        for (i, line) in lines {
            let bad = || format!("line {} is no key", i + 1);
            let (of, root) = line_of(line).ok_or_else(bad)?;
            match of {
                "transport" => transport = Some(root.mark),
                "mac" => mac = Some(root.mark),
                _ => roots.push(root),
            }
        }
        let noted = Self { transport: transport.ok_or("no transport key")?, mac, roots };
        if noted.to_text() == text { Ok(noted) } else { Err("not as it is written".to_owned()) }
    }
}

/// What a line is about, and its key. Whether cipher and place fit is seen when it is written again.
fn line_of(line: &str) -> Option<(&str, NotedRoot)> {
    let [of, label, version, cipher, city, check, held] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let algorithm = if cipher == name_of(KeyAlgorithm::TripleDes) { KeyAlgorithm::TripleDes } else { KeyAlgorithm::Sm4 };
    let city = if city == NOTHING { None } else { Some(city.as_bytes().try_into().ok()?) };
    let held = if held == "token" { Held::Token } else { Held::Wrapped };
    Some((of, NotedRoot { mark: KeyMark::new(label, version.parse().ok()?, *bytes_of(check)?).ok()?, algorithm, city, held }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted() -> NotedKeys {
        let mark = |label: &str, check: u8| KeyMark::new(label, 1, [check, 0xAB, 0x10]).unwrap();
        let root = |label: &str, algorithm, city, held| NotedRoot { mark: mark(label, 3), algorithm, city, held };
        NotedKeys {
            transport: mark("TK-DEV", 1),
            mac: Some(mark("MK-DEV", 2)),
            roots: vec![
                root("IRK", KeyAlgorithm::TripleDes, None, Held::Token),
                root("RKSSSE", KeyAlgorithm::Sm4, Some(*b"420100"), Held::Wrapped),
                root("RKSSSE", KeyAlgorithm::Sm4, None, Held::Wrapped),
            ],
        }
    }

    #[test]
    fn a_list_reads_back() {
        let text = noted().to_text();
        assert!(
            text.starts_with("cardline-token-keys/1\ntransport TK-DEV 1 AES - 01AB10 token\nmac MK-DEV 1 AES - 02AB10 token\nroot IRK 1 3DES - "),
            "{text}"
        );
        assert!(NotedKeys::parse(&text).is_ok_and(|read| read == noted()));
        let without = NotedKeys { mac: None, ..noted() };
        assert!(NotedKeys::parse(&without.to_text()).is_ok_and(|read| read == without));
    }

    #[test]
    fn any_other_list_is_refused() {
        let text = noted().to_text();
        for bad in [
            String::new(),
            text.replace("keys/1", "keys/2"),
            text.replace("transport", "transprt"),
            text.replace('\n', "\r\n"),
            text.replace("3DES", "DES"),
            text.replace("AES", "SM4"),
            text.replace("01AB10", "01ab10"),
            text.replace("01AB10", "1AB10"),
            text.replace(" token", " there"),
            text.replace("420100", "42010"),
            text.replace("IRK 1", "IRK 01"),
            format!("{text}\n"),
            text.trim_end().to_owned(),
        ] {
            assert!(NotedKeys::parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_are_named_by_label_and_version() {
        assert_eq!(KeyName::parse("TK-DEV/7").map(|n| n.to_string()), Some("TK-DEV/7".to_owned()));
        for bad in ["", "TK", "TK/", "/1", "TK/256", "TK/01", "TK/+1", "T K/1", "TK/1/1"] {
            assert!(KeyName::parse(bad).is_none(), "{bad}");
        }
    }
}
