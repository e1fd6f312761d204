//! Register snapshots: their digests, and of the outlet register the minisign keys, by which packages are verified again. The file's
//! layout: `crates/plant/src/registers/file.rs`; only the rows are read, one after the other.

use std::collections::HashMap;

use card::register::OutletRow;
use ledger::disk::Disk;
use ledger::fault::Fault;

use crate::proof::{Invariant, Proofs};
use crate::story::Story;
use crate::{envelope, files};

const MAGIC: [u8; 8] = *b"CLREG\r\n\x1a";
const FORMAT_VERSION: u32 = 1;
const HEADER_BYTES: usize = 24;
/// offset of the first table 8 | entries of the two tables 8 + 8.
const TRAILER_BYTES: usize = 24;

/// Outlet code to minisign key, by the snapshot's place in the story.
#[derive(Default)]
pub struct OutletKeys(HashMap<usize, HashMap<String, String>>);

impl OutletKeys {
    /// The keys of a snapshot that is still at hand.
    pub fn in_force(&self, register: Option<usize>) -> Option<&HashMap<String, String>> {
        self.0.get(&register?)
    }
}

/// Checks the digests of all snapshots that are still there; the newest of each kind and those of an open batch must be.
///
/// # Errors
/// The disk's.
pub fn check(disk: &dyn Disk, story: &Story, proofs: &mut Proofs) -> Result<OutletKeys, Fault> {
    let mut keys = OutletKeys::default();
    for (i, register) in story.registers.iter().enumerate() {
        let newest = !story.registers[i + 1..].iter().any(|r| r.kind == register.kind);
        if !newest && files::open(disk, &register.path)?.is_none() {
            proofs.note(format!("{} is no longer kept", register.path));
            continue;
        }
        let Some(bytes) = files::expect(disk, &register.path, register.digest, Invariant::I16, proofs)? else { continue };
        if register.kind == "outlets" {
            let rows = outlet_keys((*bytes).as_ref());
            proofs.check(Invariant::I16, rows.is_some(), || format!("{} can't be read", register.path));
            keys.0.extend(rows.map(|rows| (i, rows)));
        }
    }
    Ok(keys)
}

fn outlet_keys(bytes: &[u8]) -> Option<HashMap<String, String>> {
    let trailer_at = bytes.len().checked_sub(TRAILER_BYTES).filter(|at| *at >= HEADER_BYTES)?;
    let known = bytes[..8] == MAGIC && bytes[8..12] == FORMAT_VERSION.to_le_bytes();
    let rows_end = usize::try_from(u64::from_le_bytes(bytes[trailer_at..trailer_at + 8].try_into().ok()?)).ok()?;
    let mut rest = known.then(|| bytes.get(HEADER_BYTES..rows_end)).flatten()?;
    let mut keys = HashMap::new();
    while !rest.is_empty() {
        let (len, after) = rest.split_first_chunk::<4>()?;
        let (row, after) = after.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        let row: OutletRow = envelope::decode(row).ok()?;
        keys.insert(row.code, row.minisign_key);
        rest = after;
    }
    Some(keys)
}
