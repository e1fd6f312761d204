//! The index in memory: for simulation and tests, where nothing outlives the process.

use std::collections::BTreeMap;

use super::{Index, IndexBatch, See};
use crate::fault::Fault;

#[derive(Clone, Default)]
pub struct MemIndex {
    map: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Index for MemIndex {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.map.get(key).cloned())
    }

    fn apply(&mut self, batch: IndexBatch) -> Result<(), Fault> {
        for (key, value) in batch.changes {
            match value {
                Some(value) => self.map.insert(key, value),
                None => self.map.remove(&key),
            };
        }
        Ok(())
    }

    fn scan_range(&self, from: &[u8], to: &[u8], see: &mut See<'_>) -> Result<(), Fault> {
        let range = (std::ops::Bound::Included(from), std::ops::Bound::Excluded(to));
        if from < to {
            let _stopped = self.map.range::<[u8], _>(range).try_for_each(|(key, value)| see(key, value));
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn clear(&mut self) -> Result<(), Fault> {
        self.map.clear();
        Ok(())
    }
}
