//! A wrapped key as a small text file (docs/formats/cps.md §5): what it is called, its check value and its bytes under a KEK. The text is
//! not signed: it is as safe from renaming as the folder it lies in, and the check value shows only another value.

use card::profile::chip::KeyAlgorithm;

use super::diversify::check_value;
use super::fault::KeyFault;
use super::mark::KeyMark;
use super::wrap::{WRAPPED_BYTES, unwrap_key, wrap_key};
use crate::image::{hex, unhex};
use crate::secret::{Kek, Key16};

const FIRST_LINE: &str = "cardline-wrapped-key/1";
const EVERY_CITY: &str = "-";

/// One key of a plant, wrapped: a master key, a city's key, a transport or a MAC key.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey {
    pub mark: KeyMark,
    pub algorithm: KeyAlgorithm,
    /// The city a first-level key is of; `None` for a master key and all others.
    pub city: Option<[u8; 6]>,
    pub wrapped: [u8; WRAPPED_BYTES],
}

impl WrappedKey {
    /// Wraps a key, with the check value it has.
    ///
    /// # Errors
    /// The label can't be one.
    pub fn make(label: &str, version: u8, algorithm: KeyAlgorithm, city: Option<[u8; 6]>, key: &Key16, kek: &Kek) -> Result<Self, String> {
        let mark = KeyMark::new(label, version, check_value(algorithm, key))?;
        Ok(Self { mark, algorithm, city, wrapped: wrap_key(kek, key) })
    }

    /// The key itself.
    ///
    /// # Errors
    /// Another KEK wrapped it, the bytes were changed, or it isn't the key its check value is of.
    pub fn open(&self, kek: &Kek) -> Result<Key16, KeyFault> {
        let (label, version) = (self.mark.label().to_owned(), self.mark.version());
        let Some(key) = unwrap_key(kek, &self.wrapped) else { return Err(KeyFault::Unwrap { label, version }) };
        if check_value(self.algorithm, &key) == self.mark.check() { Ok(key) } else { Err(KeyFault::WrongCheck { label, version }) }
    }

    #[must_use]
    pub fn to_text(&self) -> String {
        let (mark, city) = (&self.mark, self.city.as_ref().and_then(|c| std::str::from_utf8(c).ok()).unwrap_or(EVERY_CITY));
        let (check, wrapped) = (hex(&mark.check()), hex(&self.wrapped));
        let algorithm = algorithm_name(self.algorithm);
        format!("{FIRST_LINE}\nlabel {}\nversion {}\nalgorithm {algorithm}\ncity {city}\ncheck {check}\nwrapped {wrapped}\n", mark.label(), mark.version())
    }

    /// Takes only what [`WrappedKey::to_text`] writes.
    ///
    /// # Errors
    /// Says the line that is not of this form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.split_terminator('\n');
        if lines.next() != Some(FIRST_LINE) {
            return Err("not a wrapped key of version 1".to_owned());
        }
        let mut value = |name: &str| lines.next().and_then(|l| l.strip_prefix(name)?.strip_prefix(' ')).ok_or_else(|| format!("no line {name}"));
        let (label, version) = (value("label")?, value("version")?.parse().map_err(|_| "version: 0 to 255")?);
        let algorithm = value("algorithm")?;
        let algorithm = [KeyAlgorithm::Sm4, KeyAlgorithm::TripleDes].into_iter().find(|a| algorithm_name(*a) == algorithm).ok_or("algorithm: SM4 or 3DES")?;
        let city = city_of(value("city")?)?;
        let check = unhex(value("check")?).and_then(|b| b.try_into().ok()).ok_or("check: 6 hex digits")?;
        let wrapped = unhex(value("wrapped")?).and_then(|b| b.try_into().ok()).ok_or("wrapped: 48 hex digits")?;
        let read = Self { mark: KeyMark::new(label, version, check)?, algorithm, city, wrapped };
        if read.to_text() == text { Ok(read) } else { Err("not as it is written".to_owned()) }
    }
}

fn algorithm_name(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::Sm4 => "SM4",
        KeyAlgorithm::TripleDes => "3DES",
    }
}

fn city_of(text: &str) -> Result<Option<[u8; 6]>, String> {
    if text == EVERY_CITY {
        return Ok(None);
    }
    let digits = text.as_bytes().try_into().ok().filter(|c: &[u8; 6]| c.iter().all(u8::is_ascii_digit));
    digits.map(Some).ok_or_else(|| "city: six digits or -".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kek() -> Kek {
        Kek::take(&mut [3; 32])
    }

    fn made() -> WrappedKey {
        WrappedKey::make("RKSSSE", 2, KeyAlgorithm::Sm4, Some(*b"420100"), &Key16::take(&mut [5; 16]), &kek()).unwrap()
    }

    #[test]
    fn a_wrapped_key_reads_back_and_opens() {
        let text = made().to_text();
        assert!(text.starts_with("cardline-wrapped-key/1\nlabel RKSSSE\nversion 2\nalgorithm SM4\ncity 420100\ncheck "), "{text}");
        let read = WrappedKey::parse(&text).unwrap();
        assert!(read == made() && read.open(&kek()).is_ok_and(|k| k.expose() == &[5; 16]));
    }

    /// The example of docs/formats/cps.md.
    #[test]
    fn the_documented_text() {
        let made = WrappedKey::make("RKSSSE", 1, KeyAlgorithm::Sm4, None, &Key16::take(&mut [5; 16]), &kek()).unwrap();
        assert!(include_str!("../../../../docs/formats/cps.md").contains(&made.to_text()));
    }

    #[test]
    fn other_keys_are_named_not_shown() {
        let fault = made().open(&Kek::take(&mut [4; 32])).err().unwrap();
        assert_eq!(fault.to_string(), "key RKSSSE version 2: can't be unwrapped");
        let mut other = made();
        other.algorithm = KeyAlgorithm::TripleDes;
        assert_eq!(other.open(&kek()).err().unwrap().to_string(), "key RKSSSE version 2: not the key its check value is of");
    }

    #[test]
    fn any_other_text_is_refused() {
        let text = made().to_text();
        for bad in [
            String::new(),
            text.replace("key/1", "key/2"),
            text.replace('\n', "\r\n"),
            text.trim_end().to_owned(),
            format!("{text}\n"),
            format!("{text}more\n"),
            text.replace("version 2", "version 02"),
            text.replace("version 2", "version 256"),
            text.replace("SM4", "sm4"),
            text.replace("420100", "42010"),
            text.replace("label RKSSSE\nversion 2", "version 2\nlabel RKSSSE"),
            text.replace("RKSSSE", "RK SSSE"),
            text.to_lowercase(),
            text.replace("wrapped ", "wrapped 00"),
        ] {
            assert!(WrappedKey::parse(&bad).is_err(), "{bad:?}");
        }
    }
}
