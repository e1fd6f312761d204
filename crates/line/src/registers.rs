//! Opens the register snapshots the ledger says are in force.

use ledger::entry::RegisterImported;
use ledger::fault::Fault;

use crate::ports::{RegisterShelf, Registers, Snapshot};

/// # Errors
/// A snapshot the ledger names is missing or damaged.
pub fn open(shelf: &dyn RegisterShelf, in_force: &[RegisterImported]) -> Result<Box<dyn Registers>, Fault> {
    let snapshot = |r: &RegisterImported| Snapshot { kind: r.kind.clone(), version: r.version, path: r.path.clone(), digest: r.digest };
    shelf.open(&in_force.iter().map(snapshot).collect::<Vec<_>>())
}
