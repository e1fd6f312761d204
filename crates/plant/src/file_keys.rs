//! The card keys of a development or rehearsal plant, and the key permits are signed with, as one encrypted file (age, by passphrase): made,
//! sealed, opened. A plant marked production never gets this far (CFG-09); deriving, encrypting and signing is the `chip` crate's business.

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

use crate::permit_key::PermitKey;

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

/// What a file holds.
#[derive(Default)]
pub struct Stored {
    pub keys: Vec<StoredKey>,
    /// Signs permits, where the profile asks for that.
    pub issuer: Option<PermitKey>,
}

impl Stored {
    fn marks(&self) -> impl Iterator<Item = &KeyMark> {
        self.keys.iter().map(|k| &k.mark).chain(self.issuer.iter().map(|i| &i.mark))
    }

    /// A label and version that is there twice.
    fn twice(&self) -> Option<&KeyMark> {
        let same = |a: &KeyMark, b: &KeyMark| a.label() == b.label() && a.version() == b.version();
        self.marks().enumerate().find(|(i, mark)| self.marks().take(*i).any(|other| same(other, mark))).map(|(_, mark)| mark)
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
pub fn seal(stored: &Stored, passphrase: &str, work_factor_log2: u8) -> Result<Vec<u8>, Fault> {
    let refused = |why: &dyn std::fmt::Display| Fault::refused(Code::Key04, format!("card keys can't be sealed: {why}"));
    let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase.to_owned()));
    recipient.set_work_factor(work_factor_log2);
    let encryptor = Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).map_err(|e| refused(&e))?;
    let mut out = Vec::new();
    let mut writer = encryptor.wrap_output(&mut out).map_err(|e| refused(&e))?;
    writer.write_all(plain(stored).as_bytes()).and_then(|()| writer.finish()).map_err(|e| refused(&e))?;
    Ok(out)
}

fn plain(stored: &Stored) -> Zeroizing<String> {
    // Room for all of it at once: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(PLAIN_BYTES_MAX));
    text.push_str(MAGIC);
    text.push('\n');
    for key in &stored.keys {
        let mark = &key.mark;
        text.push_str(&format!("{} {} {} {} ", mark.label(), mark.version(), name_of(key.algorithm), hex(&mark.check())));
        key.value.expose().iter().for_each(|b| push_hex(&mut text, *b));
        text.push('\n');
    }
    stored.issuer.iter().for_each(|issuer| issuer.put_line(&mut text));
    text
}

pub(crate) fn push_hex(text: &mut String, byte: u8) {
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
pub fn open(file: &[u8], passphrase: &str) -> Result<Stored, Fault> {
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
    let mut stored = Stored::default();
    for (i, line) in lines.enumerate() {
        let no_key = || refused(&format!("line {} is no key", i + 2));
        match PermitKey::of_line(line) {
            Some(_) if stored.issuer.is_some() => return Err(refused(&"two keys to sign permits with")),
            Some(issuer) => stored.issuer = Some(issuer?),
            None => stored.keys.push(key_of(line).ok_or_else(no_key)??),
        }
    }
    match stored.twice() {
        Some(mark) => Err(refused(&format!("{} version {} twice", mark.label(), mark.version()))),
        None => Ok(stored),
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
    let version = version.parse().ok()?;
    let mut bytes = bytes_of::<16>(value)?;
    let key = StoredKey::new(label, version, algorithm, Key16::take(&mut bytes)).ok()?;
    if hex(&key.mark.check()) == check { Some(Ok(key)) } else { Some(Err(wrong_check(label, version))) }
}

/// So many bytes of hex.
pub(crate) fn bytes_of<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let mut bytes = Zeroizing::new([0; N]);
    if pairs.len() != N || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

pub(crate) fn wrong_check(label: &str, version: u8) -> Fault {
    Fault::refused(Code::Key03, format!("{label} version {version} isn't the key its check value says"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;
    use chip::keys::CardKeys as _;

    /// Quick, for tests.
    const WORK: u8 = 4;

    fn some() -> Stored {
        let of = [("RKSSSE", KeyAlgorithm::Sm4), ("OLD", KeyAlgorithm::TripleDes), (TRANSPORT, KeyAlgorithm::Sm4), (MAC, KeyAlgorithm::Sm4)];
        let keys = of.map(|(label, algorithm)| generate(label, 1, algorithm, &SystemEntropy).ok().unwrap()).into_iter().collect();
        Stored { keys, issuer: Some(PermitKey::generate("HB-2026-01", &SystemEntropy).ok().unwrap()) }
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
        let stored = some();
        let file = seal(&stored, "pass", WORK).ok().unwrap();
        let read = open(&file, "pass").ok().unwrap();
        assert_eq!(read.keys.len(), 4);
        let issuers = [&read, &stored].map(|s| s.issuer.as_ref().unwrap());
        assert!(issuers[0].mark == issuers[1].mark && issuers[0].secret().same(issuers[1].secret()));
        assert!(read.keys.iter().zip(&stored.keys).all(|(a, b)| a.mark == b.mark && a.algorithm == b.algorithm && a.value.same(&b.value)));
        assert_eq!(code(open(&file, "Pass")), Some(Code::Key04));
        for at in [0, 30, file.len() / 2, file.len() - 1] {
            let mut bad = file.clone();
            bad[at] ^= 1;
            assert_eq!(code(open(&bad, "pass")), Some(Code::Key04), "byte {at}");
        }
        for end in [0, 10, file.len() - 1] {
            assert_eq!(code(open(&file[..end], "pass")), Some(Code::Key04), "cut at {end}");
        }
        let software = in_software(&read.keys).ok().unwrap();
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
            plain.replacen("HB-2026-01 1", "RKSSSE 1", 1),
            format!("{}{}\n", *plain, plain.lines().last().unwrap().replacen("HB-2026-01", "HB-2026-02", 1)),
            plain.replacen("SM2 ", "SM9 ", 1),
            format!("{}{}", *plain, "x".repeat(PLAIN_BYTES_MAX)),
        ] {
            assert_eq!(code(open(&sealed(&bad), "pass")), Some(Code::Key04), "{}", &bad[..bad.len().min(40)]);
        }
    }

    #[test]
    fn a_sealed_store_shows_no_key() {
        let stored = some();
        let file = seal(&stored, "pass", WORK).ok().unwrap();
        for key in &stored.keys {
            assert!(file.windows(16).all(|w| w != key.value.expose()));
        }
        let secret = stored.issuer.as_ref().unwrap().secret().expose();
        assert!(file.windows(16).all(|w| w != &secret[..16] && w != &secret[16..]));
    }
}
