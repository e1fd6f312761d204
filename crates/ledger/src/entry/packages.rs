//! What the journal says of packages and their applications: what came, how it was judged, where each moved since, what was destroyed.

use card::reason::Reason;
use card::{BusinessType, Digest, Keyed, Lane, Ordinal, Outcome, OutletCode};
use serde::{Deserialize, Serialize};

use super::{FileDigest, Millis};

/// A package whose every byte is in the vault. From here on its applications exist.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PackageReceived {
    /// Counted up from 0 over the plant's life.
    pub package: u64,
    pub outlet: OutletCode,
    pub package_id: String,
    pub sequence: u64,
    /// `individual` or `employer`.
    pub channel: String,
    pub employer_code: Option<String>,
    /// Digest of `package.json`: the package's identity.
    pub manifest: Digest,
    /// Key id of the signature, `None` where the configuration allows unsigned packages.
    pub signed_by: Option<String>,
    pub submitted_at: Millis,
    pub received_at: Millis,
    pub first_ordinal: Ordinal,
    pub count: u32,
    /// Vault file with all contents, and its digest.
    pub vault_path: String,
    pub vault_digest: Digest,
    pub container: String,
    /// Package-level findings that hold its applications or are noted (RPL-03, PKG-17 …).
    pub reasons: Vec<Reason>,
}

/// A package that was not let in: quarantined whole.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PackageSetAside {
    /// Name in the inbox, escaped to printable ASCII.
    pub name: String,
    /// Only when the manifest's signature was good.
    pub outlet: Option<OutletCode>,
    pub package_id: Option<String>,
    pub quarantine_path: String,
    pub reasons: Vec<Reason>,
    pub at: Millis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PackageRepeated {
    pub package: u64,
    pub name: String,
    pub at: Millis,
}

/// The package's answer is in `returns/`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PackageAnswered {
    pub package: u64,
    pub files: Vec<FileDigest>,
    pub at: Millis,
}

/// A chunk of a package's applications, judged; `vault_path` holds their records.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Judged {
    pub package: u64,
    /// Row of the first application in the package, 0-based.
    pub first_row: u32,
    pub vault_path: String,
    pub vault_digest: Digest,
    pub applications: Vec<JudgedApplication>,
    pub at: Millis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct JudgedApplication {
    pub ordinal: Ordinal,
    /// As the outlet numbered it, if that much could be read; else `row-N`.
    pub application_id: String,
    pub outcome: Outcome,
    pub reasons: Vec<Reason>,
    /// SHA-256 of the photo as sent, and of the validated (stripped) one; `None` when there was no photo.
    pub photo: Option<Digest>,
    pub photo_validated: Option<Digest>,
    /// Facts the cut and the index need, absent when the record could not be understood.
    pub facts: Option<Facts>,
}

/// What the index needs to know of an understood application.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Facts {
    pub business_type: BusinessType,
    pub lane: Lane,
    pub mail: bool,
    /// Keyed digests: nationality + document number; social security number; name + birth date + nationality.
    pub document_key: Keyed,
    pub ssn_key: Keyed,
    pub likeness_key: Keyed,
    /// Keyed digest of the canonical application: tells a repeat (DUP-01) from other data under one number (DUP-08).
    pub content_key: Keyed,
    pub supersedes: Option<String>,
}

/// An application moved from one state to another outside `Judged`: by a person, by a later arrival, or at the cut.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Moved {
    pub ordinal: Ordinal,
    pub outcome: Outcome,
    pub reasons: Vec<Reason>,
    pub cause: Cause,
    /// Person's id, or `cardline`.
    pub who: String,
    pub at: Millis,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Cause {
    /// A person decided (`cardline resolve`).
    Resolved,
    Withdrawn,
    /// What it waited for arrived.
    Rejudged,
    /// A later application concerns the same person or photo.
    Neighbour,
    /// Checked again at the cut.
    Cut,
    /// Replaced by a corrected application.
    Superseded,
    /// Its stored copy could not be used after the cut; its number is void.
    Spoilt,
}

/// A package's retention is over: its key and its vault files are destroyed after this was written down. What the ledger says of it stays.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PackagePurged {
    pub package: u64,
    pub who: String,
    pub reason: String,
    pub at: Millis,
}
