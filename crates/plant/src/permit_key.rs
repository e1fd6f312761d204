//! The key permits are signed with, as the key file holds it beside the card keys (`file_keys.rs`): made, written as a line, read back.
//! Signing with it is the `chip` crate's business; whose certificate goes with it is known to the issuer alone.

use card::Code;
use chip::Sm2Secret;
use chip::keys::KeyMark;
use chip::permit::{IssuerKey, SoftwareSigner};
use ledger::fault::Fault;
use line::ports::Entropy;
use zeroize::Zeroizing;

use crate::file_keys::{bytes_of, hex, push_hex, wrong_check};

/// The algorithm's word in a line of the file: no card key has it.
pub const ALGORITHM: &str = "SM2";
const VERSION: u8 = 1;
/// One draw in four thousand million is no key; that many one after the other are no chance.
const DRAWS_MAX: usize = 4;

/// An issuer's key. No `Debug`.
pub struct PermitKey {
    /// Its label is the reference to the certificate, as it stands on the cards; its check value is the public key's.
    pub mark: KeyMark,
    secret: Sm2Secret,
}

impl PermitKey {
    /// Makes a key of the machine's random numbers.
    ///
    /// # Errors
    /// KEY-04: the reference can't be a label; the machine gives no numbers.
    pub fn generate(certificate: &str, entropy: &dyn Entropy) -> Result<Self, Fault> {
        let mut refused = String::new();
        for _ in 0..DRAWS_MAX {
            let mut bytes = Zeroizing::new([0; 32]);
            entropy.fill(&mut *bytes)?;
            match Self::new(certificate, VERSION, Sm2Secret::take(&mut bytes)) {
                Ok(made) => return Ok(made),
                Err(why) => refused = why,
            }
        }
        Err(Fault::refused(Code::Key04, format!("{certificate:?}: {refused}")))
    }

    fn new(certificate: &str, version: u8, secret: Sm2Secret) -> Result<Self, String> {
        let public = SoftwareSigner::new(&secret, certificate)?.issuer_key();
        Ok(Self { mark: KeyMark::new(certificate, version, public.check_value())?, secret })
    }

    /// What signs with it.
    ///
    /// # Errors
    /// KEY-10: it isn't a key.
    pub fn signer(&self) -> Result<SoftwareSigner, Fault> {
        SoftwareSigner::new(&self.secret, self.mark.label()).map_err(|why| Fault::refused(Code::Key10, format!("{}: {why}", self.mark.label())))
    }

    /// What its permits are checked with.
    ///
    /// # Errors
    /// As [`PermitKey::signer`].
    pub fn public(&self) -> Result<IssuerKey, Fault> {
        Ok(self.signer()?.issuer_key())
    }

    /// The secret half itself, for a search for leaks.
    #[must_use]
    pub fn secret(&self) -> &Sm2Secret {
        &self.secret
    }

    /// Appends its line of the file.
    pub(crate) fn put_line(&self, text: &mut String) {
        text.push_str(&format!("{} {} {ALGORITHM} {} ", self.mark.label(), self.mark.version(), hex(&self.mark.check())));
        self.secret.expose().iter().for_each(|b| push_hex(text, *b));
        text.push('\n');
    }

    /// `None` for a line that isn't such a key; an error for a key with another check value.
    pub(crate) fn of_line(line: &str) -> Option<Result<Self, Fault>> {
        let [certificate, version, ALGORITHM, check, value] = line.split(' ').collect::<Vec<_>>()[..] else { return None };
        let version = version.parse().ok()?;
        let mut bytes = bytes_of::<32>(value)?;
        let key = Self::new(certificate, version, Sm2Secret::take(&mut bytes)).ok()?;
        if hex(&key.mark.check()) == check { Some(Ok(key)) } else { Some(Err(wrong_check(certificate, version))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;
    use chip::permit::PermitSigner as _;

    #[test]
    fn a_line_reads_back_and_no_other_does() {
        let key = PermitKey::generate("HB-2026-01", &SystemEntropy).ok().unwrap();
        let mut line = String::new();
        key.put_line(&mut line);
        let line = line.trim_end();
        let read = PermitKey::of_line(line).unwrap().ok().unwrap();
        assert!(read.mark == key.mark && read.secret.same(&key.secret));
        let signed = [&read, &key].map(|k| k.signer().ok().unwrap().sign(b"a message").unwrap());
        assert_eq!(signed[0], signed[1]);
        assert_eq!(read.signer().ok().unwrap().certificate(), "HB-2026-01");
        let parts: Vec<&str> = line.split(' ').collect();
        let other = if parts[3] == "000000" { "000001" } else { "000000" };
        assert!(PermitKey::of_line(&line.replacen(parts[3], other, 1)).unwrap().is_err());
        for bad in ["", &line[1..].replacen("SM2", "SM4", 1), &line[..line.len() - 1], &format!("{line}00"), &line.replacen(parts[4], &"0".repeat(64), 1)] {
            assert!(PermitKey::of_line(bad).is_none(), "{}", bad.len());
        }
    }

    #[test]
    fn a_reference_is_a_label() {
        for bad in ["", "A B", "签发", &"A".repeat(33)] {
            assert!(PermitKey::generate(bad, &SystemEntropy).is_err(), "{bad:?}");
        }
    }
}
