//! Judged records as they lie in the vault (docs/formats/batch.md): decoded anew, and the digest a card of them must carry.
//! Personal: nothing of them leaves this file but digests.

use card::reason::Reason;
use card::{Application, Delivery, Digest, Keyed, Ordinal, RawApplication};
use serde::Deserialize;

use crate::envelope;

/// Envelope kind and schema of a stored record.
const FORM: (u8, u8) = (16, 2);
/// Longest stored record.
pub const RECORD_BYTES_MAX: u64 = 256 * 1024 + 64;
/// Name of a records file's face hashes, their envelope's kind and schema, and the longest.
pub const FACE_HASHES: &str = "face-hashes";
const HASHES_FORM: (u8, u8) = (17, 1);
pub const HASHES_BYTES_MAX: u64 = 64 * 1024 + 64;

/// The front of a stored record; measurements follow it.
#[derive(Deserialize)]
pub struct StoredRecord {
    pub raw: RawApplication,
    pub application: Option<Application>,
    pub reasons: Vec<Reason>,
    pub photo: Option<Digest>,
    pub photo_validated: Option<Digest>,
}

/// By which a photo is known again. The hash itself is nobody's here; it says nothing that could be compared with the ledger.
#[derive(Deserialize)]
pub struct StoredHash {
    pub row: u32,
    _hash: [u64; 4],
    pub nearest: Option<Nearest>,
}

/// An earlier application's photo and the bits by which the hashes differ.
#[derive(Clone, Copy, Deserialize)]
pub struct Nearest {
    pub ordinal: Ordinal,
    pub bits: u32,
}

impl StoredHash {
    /// All of one records file.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn read(bytes: &[u8]) -> Result<Vec<Self>, &'static str> {
        envelope::decode(envelope::open(HASHES_FORM.0, HASHES_FORM.1, bytes)?)
    }
}

/// What dispatch must agree with, without anything personal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Route {
    pub mail: bool,
    /// Digest over recipient, address and postcode; zeros for an outlet.
    pub address: Digest,
    /// Digest of the receipt number; of nothing without one.
    pub receipt: Digest,
    /// Digest of who may take an employer's cards, as its package says; zeros where that is nobody's business.
    pub authority: Digest,
}

impl StoredRecord {
    /// # Errors
    /// What is wrong with the bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        envelope::decode_front(envelope::open(FORM.0, FORM.1, bytes)?)
    }

    /// Name of its photo in the package's contents; empty without one.
    pub fn photo_entry(&self) -> String {
        let name = self.raw.get("photo").trim();
        let name = name.strip_prefix("photos/").unwrap_or(name);
        if name.is_empty() { String::new() } else { format!("photos/{name}") }
    }

    /// The digest all views of this card carry.
    pub fn record_digest(&self, number: &str, generation: u32, pepper: &[u8; 32]) -> Option<Keyed> {
        let (application, photo) = (self.application.as_ref()?, self.photo_validated?);
        Some(Keyed::of(pepper, "record", &[&application.canonical(), &photo.0, number.as_bytes(), &generation.to_be_bytes()]))
    }

    pub fn route(&self, authority: Digest) -> Option<Route> {
        self.application.as_ref().map(|a| {
            let receipt = receipt_digest(a.receipt_number.as_deref().unwrap_or(""));
            match &a.delivery {
                Delivery::Outlet => Route { mail: false, address: Digest([0; 32]), receipt, authority },
                Delivery::Mail(m) => Route { mail: true, address: address_digest(&m.recipient, &m.address, &m.postcode), receipt, authority },
            }
        })
    }
}

/// Tells addresses apart without keeping them.
pub fn address_digest(recipient: &str, address: &str, postcode: &str) -> Digest {
    Digest::of(format!("{}\0{}\0{}", recipient, address, postcode).as_bytes())
}

/// Tells receipt numbers apart without keeping them.
pub fn receipt_digest(receipt: &str) -> Digest {
    Digest::of(receipt.as_bytes())
}

/// Tells apart who may take an employer's cards, without keeping anybody's name.
pub fn authority_digest(employer: &str, staff: &str, letter: &str) -> Digest {
    Digest::of(format!("{employer}\0{staff}\0{letter}").as_bytes())
}
