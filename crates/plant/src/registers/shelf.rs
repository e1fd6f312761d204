//! The shelf: opens the snapshots the ledger names, compares their digests and answers look-ups from their maps.

use std::sync::Arc;

use card::register::{EnrolmentRow, OutletRow, PermitRow};
use ledger::disk::Disk;
use ledger::fault::Fault;
use line::ports::{Lookup, RegisterShelf, Registers};
use serde::de::DeserializeOwned;

use super::RegisterKind;
use super::file::Snapshot;

/// Where snapshots are kept.
pub struct Shelf {
    disk: Arc<dyn Disk>,
}

impl Shelf {
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk }
    }

    fn snapshot(&self, named: &line::ports::Snapshot, kind: RegisterKind) -> Result<Snapshot, Fault> {
        let bytes = self.disk.map(&named.path).map_err(Fault::on("read", &named.path))?;
        let damaged = |why: &str| Fault::FileDamaged { path: named.path.clone(), offset: 0, why: why.to_owned() };
        Snapshot::open(bytes, kind, named.digest).map_err(damaged)
    }
}

impl RegisterShelf for Shelf {
    fn open(&self, snapshots: &[line::ports::Snapshot]) -> Result<Box<dyn Registers>, Fault> {
        let mut open = OpenRegisters { snapshots: [None, None, None] };
        for named in snapshots {
            let kind = RegisterKind::parse(&named.kind)?;
            open.snapshots[kind as usize] = Some(self.snapshot(named, kind)?);
        }
        Ok(Box::new(open))
    }
}

struct OpenRegisters {
    snapshots: [Option<Snapshot>; 3],
}

impl OpenRegisters {
    fn look_up<T: DeserializeOwned>(&self, kind: RegisterKind, table: usize, key: &[u8]) -> Lookup<T> {
        match &self.snapshots[kind as usize] {
            None => Lookup::NoRegister,
            Some(snapshot) => snapshot.find(table, key).map_or(Lookup::Unknown, Lookup::Found),
        }
    }
}

impl Registers for OpenRegisters {
    fn outlet(&self, code: &str) -> Lookup<OutletRow> {
        self.look_up(RegisterKind::Outlets, 0, code.as_bytes())
    }

    fn permit(&self, number: &str) -> Lookup<PermitRow> {
        self.look_up(RegisterKind::Permits, 0, number.as_bytes())
    }

    fn enrolment(&self, ssn: &str) -> Lookup<EnrolmentRow> {
        self.look_up(RegisterKind::Enrolment, 0, ssn.as_bytes())
    }

    fn outlet_of_key(&self, key_id: [u8; 8]) -> Lookup<OutletRow> {
        self.look_up(RegisterKind::Outlets, 1, &key_id)
    }
}
