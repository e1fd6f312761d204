//! Envelopes of the age format (X25519, ChaCha20-Poly1305 in chunks of 64 KiB): sealed to one device's public key, opened with the secret
//! half, which is never here but in the device maker's test tool. The ephemeral key and the nonce come from the system's generator, by
//! the crate `age`'s own hand, so no two envelopes are alike; what is inside them is compared by digest.

use std::io::{self, BufReader, Read, Write};

use card::Code;
use ledger::fault::Fault;
use line::ports::Envelope;

/// The age format, X25519 recipients only.
pub struct AgeEnvelope;

fn recipient(text: &str) -> Result<age::x25519::Recipient, Fault> {
    let refused = |why: &str| Fault::refused(Code::Hnd05, format!("{text:?}: {why}"));
    let recipient: age::x25519::Recipient = text.parse().map_err(|why: &str| refused(why))?;
    if recipient.to_string() == text { Ok(recipient) } else { Err(refused("not as age writes it")) }
}

impl Envelope for AgeEnvelope {
    fn recipient(&self, text: &str) -> Result<(), Fault> {
        recipient(text).map(drop)
    }

    fn seal(&self, to: &str, out: &mut dyn Write, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let recipient = recipient(to)?;
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).map_err(io::Error::other)?;
        let mut sealed = encryptor.wrap_output(out)?;
        write(&mut sealed)?;
        sealed.finish().map(drop)
    }
}

/// What is inside an envelope, as a stream; `identity` is an age identity file's text. A reader that meets a changed or missing chunk
/// gets an error in its place.
///
/// # Errors
/// ENV-01: not an envelope, or sealed to another key. USE-01: the text holds no identity.
pub fn open<R: Read>(identity: &str, from: R) -> Result<impl Read + use<R>, Fault> {
    let key = identity.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#')).unwrap_or("");
    let key: age::x25519::Identity = key.parse().map_err(|why: &str| Fault::refused(Code::Use01, format!("--identity: {why}")))?;
    let unopened = |why: age::DecryptError| Fault::refused(Code::Env01, why.to_string());
    let decryptor = age::Decryptor::new_buffered(BufReader::new(from)).map_err(unopened)?;
    decryptor.decrypt(std::iter::once(&key as &dyn age::Identity)).map_err(unopened)
}

/// A device's key pair, for tests and rehearsals: the identity file's text, and the public key.
#[must_use]
pub fn new_identity() -> (zeroize::Zeroizing<String>, String) {
    use age::secrecy::ExposeSecret as _;
    let identity = age::x25519::Identity::generate();
    let public = identity.to_public().to_string();
    (zeroize::Zeroizing::new(format!("# public key: {public}\n{}\n", identity.to_string().expose_secret())), public)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(to: &str, content: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        AgeEnvelope.seal(to, &mut out, &mut |inside| content.chunks(1000).try_for_each(|piece| inside.write_all(piece))).unwrap();
        out
    }

    fn opened(identity: &str, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        let mut reader = open(identity, bytes).map_err(|f| f.to_string())?;
        reader.read_to_end(&mut out).map_err(|e| format!("while reading: {e}"))?;
        Ok(out)
    }

    #[test]
    fn what_is_sealed_opens_with_the_devices_key_only() {
        let ((mine, public), (other, _)) = (new_identity(), new_identity());
        let content: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
        let envelope = sealed(&public, &content);
        assert!(opened(&mine, &envelope).unwrap() == content);
        assert!(opened(&other, &envelope).unwrap_err().starts_with("ENV-01"));
        assert!(sealed(&public, &content) != envelope, "no two are alike");
    }

    #[test]
    fn a_changed_or_shortened_envelope_never_reads_to_its_end() {
        let (mine, public) = new_identity();
        let envelope = sealed(&public, &[7; 70_000]);
        for at in (0..envelope.len()).step_by(997) {
            let mut changed = envelope.clone();
            changed[at] ^= 1;
            assert!(opened(&mine, &changed).is_err(), "byte {at}");
            assert!(opened(&mine, &envelope[..at]).is_err(), "cut at {at}");
        }
        assert!(opened(&mine, &[&envelope[..], b"x"].concat()).is_err());
    }

    #[test]
    fn keys_are_taken_in_their_one_spelling_only() {
        let (_, public) = new_identity();
        assert!(AgeEnvelope.recipient(&public).is_ok());
        for wrong in ["", "age1", &public.to_uppercase(), &format!(" {public}"), &public[..public.len() - 1], "ssh-ed25519 AAAA"] {
            let refused = AgeEnvelope.recipient(wrong).unwrap_err();
            assert!(refused.to_string().starts_with("HND-05"), "{wrong}: {refused}");
        }
    }
}
