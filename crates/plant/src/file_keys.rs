//! The card keys of a development or rehearsal plant as one encrypted file (age, by passphrase): made, sealed, opened. A plant marked
//! production never gets this far (CFG-09); deriving and encrypting with them is the `chip` crate's business.

use std::io::{Read as _, Write as _};

use age::secrecy::SecretString;
use age::{Decryptor, Encryptor, scrypt};
use card::Code;
use card::profile::chip::KeyAlgorithm;
use chip::Key16;
use chip::keys::{KeyFault, KeyMark, SoftwareKeys, check_value};
use ledger::fault::Fault;
use line::ports::Entropy;
use zeroize::Zeroizing;

const MAGIC: &str = "cardline-card-keys/1";
/// Plain bytes of a key file: dozens of short lines.
const PLAIN_BYTES_MAX: usize = 64 * 1024;
/// What the keys of the way to the machine are called in a store; every other label is a master key's.
pub const TRANSPORT: &str = "TRANSPORT";
pub const MAC: &str = "MAC";
/// scrypt's N is two to this power: 128 MiB and a few tenths of a second at every opening.
pub const WORK_FACTOR_LOG2: u8 = 17;

/// A key as the store holds it. No `Debug`.
pub struct StoredKey {
    /// Its label is what the profile calls the key that is derived from it, for example `RKSSSE`.
    pub mark: KeyMark,
    pub algorithm: KeyAlgorithm,
    value: Key16,
}

impl StoredKey {
    /// The key itself, for a cipher or a search for leaks.
    #[must_use]
    pub fn value(&self) -> &Key16 {
        &self.value
    }

    fn new(label: &str, version: u8, algorithm: KeyAlgorithm, value: Key16) -> Result<Self, String> {
        Ok(Self { mark: KeyMark::new(label, version, check_value(algorithm, &value))?, algorithm, value })
    }
}

/// Makes a key of the machine's random numbers.
///
/// # Errors
/// The machine gives none.
pub fn generate(label: &str, version: u8, algorithm: KeyAlgorithm, entropy: &dyn Entropy) -> Result<StoredKey, Fault> {
    let mut bytes = Zeroizing::new([0; 16]);
    entropy.fill(&mut *bytes)?;
    StoredKey::new(label, version, algorithm, Key16::take(&mut bytes)).map_err(|why| Fault::refused(Code::Key04, format!("{label:?}: {why}")))
}

/// The file's bytes: an age file by passphrase.
///
/// # Errors
/// KEY-04: nothing is to be kept, or age fails.
pub fn seal(keys: &[StoredKey], passphrase: &str, work_factor_log2: u8) -> Result<Vec<u8>, Fault> {
    let refused = |why: &dyn std::fmt::Display| Fault::refused(Code::Key04, format!("card keys can't be sealed: {why}"));
    let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase.to_owned()));
    recipient.set_work_factor(work_factor_log2);
    let encryptor = Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).map_err(|e| refused(&e))?;
    let mut out = Vec::new();
    let mut writer = encryptor.wrap_output(&mut out).map_err(|e| refused(&e))?;
    writer.write_all(plain(keys).as_bytes()).and_then(|()| writer.finish()).map_err(|e| refused(&e))?;
    Ok(out)
}

fn plain(keys: &[StoredKey]) -> Zeroizing<String> {
    // Room for all of it at once: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(PLAIN_BYTES_MAX));
    text.push_str(MAGIC);
    text.push('\n');
    for key in keys {
        let mark = &key.mark;
        text.push_str(&format!("{} {} {} {} ", mark.label(), mark.version(), name_of(key.algorithm), hex(&mark.check())));
        key.value.expose().iter().for_each(|b| push_hex(&mut text, *b));
        text.push('\n');
    }
    text
}

fn push_hex(text: &mut String, byte: u8) {
    text.extend([byte >> 4, byte & 15].map(|d| char::from_digit(u32::from(d), 16).unwrap_or('0').to_ascii_uppercase()));
}

/// Upper-case hex, for check values.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    bytes.iter().for_each(|b| push_hex(&mut text, *b));
    text
}

#[must_use]
pub fn name_of(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::Sm4 => "SM4",
        KeyAlgorithm::TripleDes => "3DES",
    }
}

/// The keys of a file.
///
/// # Errors
/// KEY-04: another passphrase, or the file isn't what [`seal`] made; KEY-03: a key isn't the one its check value says.
pub fn open(file: &[u8], passphrase: &str) -> Result<Vec<StoredKey>, Fault> {
    let refused = |why: &dyn std::fmt::Display| Fault::refused(Code::Key04, format!("card keys: {why}"));
    let mut identity = scrypt::Identity::new(SecretString::from(passphrase.to_owned()));
    identity.set_max_work_factor(WORK_FACTOR_LOG2 + 2);
    let decryptor = Decryptor::new(file).map_err(|e| refused(&e))?;
    let reader = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)).map_err(|e| refused(&e))?;
    let mut text = Zeroizing::new(String::with_capacity(PLAIN_BYTES_MAX));
    reader.take(PLAIN_BYTES_MAX as u64).read_to_string(&mut text).map_err(|e| refused(&e))?;
    let mut lines = text.lines();
    if lines.next() != Some(MAGIC) || text.len() == PLAIN_BYTES_MAX {
        return Err(refused(&"not a card key file of version 1"));
    }
    let keys = lines.enumerate().map(|(i, line)| key_of(line).ok_or_else(|| refused(&format!("line {} is no key", i + 2)))?).collect::<Result<Vec<_>, _>>()?;
    let same = |a: &StoredKey, b: &StoredKey| a.mark.label() == b.mark.label() && a.mark.version() == b.mark.version();
    match keys.iter().enumerate().find(|(i, k)| keys[..*i].iter().any(|other| same(other, k))) {
        Some((_, twice)) => Err(refused(&format!("{} version {} twice", twice.mark.label(), twice.mark.version()))),
        None => Ok(keys),
    }
}

/// What derives and seals with them.
///
/// # Errors
/// KEY-03: a key isn't the one its check value says.
pub fn in_software(keys: &[StoredKey]) -> Result<SoftwareKeys, Fault> {
    let mut software = SoftwareKeys::default();
    for StoredKey { mark, algorithm, value } in keys {
        let taken = match mark.label() {
            TRANSPORT => software.set_transport(mark, value),
            MAC => software.set_mac(mark, value),
            _ => software.add_root(mark, *algorithm, None, value),
        };
        taken.map_err(|fault: KeyFault| Fault::refused(Code::Key03, fault.to_string()))?;
    }
    Ok(software)
}

/// `None` for a line that is no key; an error for a key with another check value.
fn key_of(line: &str) -> Option<Result<StoredKey, Fault>> {
    let [label, version, algorithm, check, value] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let algorithm = [KeyAlgorithm::Sm4, KeyAlgorithm::TripleDes].into_iter().find(|a| name_of(*a) == algorithm)?;
    if value.len() != 32 || !value.is_ascii() {
        return None;
    }
    let version = version.parse().ok()?;
    let mut bytes = Zeroizing::new([0; 16]);
    for (byte, pair) in bytes.iter_mut().zip(value.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    let key = StoredKey::new(label, version, algorithm, Key16::take(&mut bytes)).ok()?;
    if hex(&key.mark.check()) == check { Some(Ok(key)) } else { Some(Err(wrong_check(label, version))) }
}

fn wrong_check(label: &str, version: u8) -> Fault {
    Fault::refused(Code::Key03, format!("{label} version {version} isn't the key its check value says"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;
    use chip::keys::CardKeys as _;

    /// Quick, for tests.
    const WORK: u8 = 4;

    fn some() -> Vec<StoredKey> {
        let of = [("RKSSSE", KeyAlgorithm::Sm4), ("OLD", KeyAlgorithm::TripleDes), (TRANSPORT, KeyAlgorithm::Sm4), (MAC, KeyAlgorithm::Sm4)];
        of.map(|(label, algorithm)| generate(label, 1, algorithm, &SystemEntropy).ok().unwrap()).into_iter().collect()
    }

    fn code<T>(result: Result<T, Fault>) -> Option<Code> {
        match result {
            Err(Fault::Refused { code, .. }) => Some(code),
            _ => None,
        }
    }

    /// A file whose plain text is this.
    fn sealed(text: &str) -> Vec<u8> {
        let mut recipient = scrypt::Recipient::new(SecretString::from("pass".to_owned()));
        recipient.set_work_factor(WORK);
        let mut out = Vec::new();
        let mut writer = Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).unwrap().wrap_output(&mut out).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap();
        out
    }

    #[test]
    fn a_store_reads_back_with_its_passphrase_only() {
        let keys = some();
        let file = seal(&keys, "pass", WORK).ok().unwrap();
        let read = open(&file, "pass").ok().unwrap();
        assert_eq!(read.len(), 4);
        assert!(read.iter().zip(&keys).all(|(a, b)| a.mark == b.mark && a.algorithm == b.algorithm && a.value.same(&b.value)));
        assert_eq!(code(open(&file, "Pass")), Some(Code::Key04));
        for at in [0, 30, file.len() / 2, file.len() - 1] {
            let mut bad = file.clone();
            bad[at] ^= 1;
            assert_eq!(code(open(&bad, "pass")), Some(Code::Key04), "byte {at}");
        }
        for end in [0, 10, file.len() - 1] {
            assert_eq!(code(open(&file[..end], "pass")), Some(Code::Key04), "cut at {end}");
        }
        let software = in_software(&read).ok().unwrap();
        assert!(software.declared().transport.is_some() && software.declared().mac.is_some());
    }

    #[test]
    fn what_is_no_store_is_refused() {
        let plain = plain(&some());
        assert!(open(&sealed(&plain), "pass").is_ok());
        let line = plain.lines().nth(1).unwrap();
        let check = line.split(' ').nth(3).unwrap();
        let other = if check == "000000" { "000001" } else { "000000" };
        assert_eq!(code(open(&sealed(&plain.replacen(check, other, 1)), "pass")), Some(Code::Key03));
        for bad in [
            String::new(),
            plain.replacen("/1", "/2", 1),
            format!("{}{line}\n", *plain),
            plain.replacen("RKSSSE 1", "RKSSSE 256", 1),
            plain.replacen("RKSSSE", "RK SSE", 1),
            plain.replacen("3DES", "DES", 1),
            plain.replacen("SM4 ", "SM4  ", 1),
            format!("{}{}", *plain, "x".repeat(PLAIN_BYTES_MAX)),
        ] {
            assert_eq!(code(open(&sealed(&bad), "pass")), Some(Code::Key04), "{}", &bad[..bad.len().min(40)]);
        }
    }

    #[test]
    fn a_sealed_store_shows_no_key() {
        let keys = some();
        let file = seal(&keys, "pass", WORK).ok().unwrap();
        for key in &keys {
            assert!(file.windows(16).all(|w| w != key.value.expose()));
        }
    }
}
