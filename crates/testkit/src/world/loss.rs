//! What a power cut leaves of a disk: six models between "everything written" and "only what was synced" (faults.md §6).

use std::sync::Arc;

use super::state::{Change, File, State};
use crate::dice::Dice;

/// Unit in which a disk writes back what is in its cache.
const BLOCK_BYTES: usize = 4096;
/// Unit a disk writes whole or not at all, it is said.
const SECTOR_BYTES: usize = 512;

/// A model of loss.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Loss {
    /// The process was killed, the machine went on.
    Nothing,
    /// Nothing that wasn't synced is there.
    All,
    /// Any of the unsynced blocks and names are there, the rest of the blocks read as zeros.
    RandomBlocks,
    /// The last unsynced sector is half old and half rubbish; names are there.
    TornSector,
    /// Names are there, what was unsynced in them is not.
    NamesWithoutContent,
    /// Contents are there, unsynced names are not.
    ContentWithoutNames,
}

impl Loss {
    pub const ALL: [Self; 6] = [Self::Nothing, Self::All, Self::RandomBlocks, Self::TornSector, Self::NamesWithoutContent, Self::ContentWithoutNames];
}

impl State {
    /// The disk as the next process finds it.
    #[must_use]
    pub fn after(&self, loss: Loss, seed: u64) -> Self {
        let mut dice = Dice::new(seed, "loss", loss as u64);
        let mut left = self.clone();
        let kept: Vec<Change> = self.pending.iter().filter(|_| keeps_name(loss, &mut dice)).cloned().collect();
        left.now = self.durable.clone();
        kept.iter().for_each(|change| left.now.apply(change));
        left.now.drop_unreachable();
        for file in left.inodes.values_mut() {
            file.content = content_after(file, loss, &mut dice);
        }
        left.settle();
        left
    }
}

fn keeps_name(loss: Loss, dice: &mut Dice) -> bool {
    match loss {
        Loss::Nothing | Loss::TornSector | Loss::NamesWithoutContent => true,
        Loss::All | Loss::ContentWithoutNames => false,
        Loss::RandomBlocks => dice.chance(0.5),
    }
}

fn content_after(file: &File, loss: Loss, dice: &mut Dice) -> Arc<Vec<u8>> {
    // A file cut shorter and not synced keeps its old length.
    let synced = file.synced.len().min(file.content.len());
    if file.content == file.synced {
        return file.content.clone();
    }
    match loss {
        Loss::Nothing | Loss::ContentWithoutNames => file.content.clone(),
        Loss::All | Loss::NamesWithoutContent => file.synced.clone(),
        Loss::RandomBlocks => Arc::new(some_blocks(&file.content, synced, dice)),
        Loss::TornSector => Arc::new(torn(&file.content, synced, dice)),
    }
}

fn some_blocks(content: &[u8], synced: usize, dice: &mut Dice) -> Vec<u8> {
    let len = synced + dice.below(content.len() - synced + 1);
    let mut left = content[..len].to_vec();
    let mut from = synced;
    while from < len {
        let to = ((from / BLOCK_BYTES + 1) * BLOCK_BYTES).min(len);
        if dice.chance(0.5) {
            left[from..to].fill(0);
        }
        from = to;
    }
    left
}

fn torn(content: &[u8], synced: usize, dice: &mut Dice) -> Vec<u8> {
    let len = synced + dice.below(content.len() - synced + 1);
    let mut left = content[..len].to_vec();
    let rubbish = len.saturating_sub(len % SECTOR_BYTES).max(synced);
    let from = rubbish + (len - rubbish) / 2;
    left[from..].iter_mut().for_each(|b| *b = dice.below(256) as u8);
    left
}

#[cfg(test)]
mod tests {
    use ledger::disk::Disk;

    use super::*;
    use crate::world::SimDisk;

    /// `kept` is durable; `new` was written and not synced; `old` was renamed to `name` and the folder not synced.
    fn disk() -> SimDisk {
        let disk = SimDisk::default();
        disk.create_dir("d").unwrap();
        for (path, content) in [("d/kept", b"kept"), ("d/old", b"name")] {
            let mut file = disk.create(path).unwrap();
            file.write_all(content).unwrap();
            file.sync().unwrap();
        }
        disk.sync_dir("d").unwrap();
        disk.sync_dir("").unwrap();
        disk.append("d/kept").unwrap().write_all(&[7; 9000]).unwrap();
        disk.rename("d/old", "d/name").unwrap();
        disk
    }

    fn after(loss: Loss) -> (usize, bool) {
        let files = disk().state().after(loss, 1).files("");
        (files["d/kept"].len(), files.contains_key("d/name"))
    }

    #[test]
    fn each_model_loses_what_it_says() {
        assert_eq!(after(Loss::Nothing), (9004, true));
        assert_eq!(after(Loss::All), (4, false));
        assert_eq!(after(Loss::NamesWithoutContent), (4, true));
        assert_eq!(after(Loss::ContentWithoutNames), (9004, false));
        for seed in 0..50 {
            for loss in [Loss::RandomBlocks, Loss::TornSector] {
                let state = disk().state().after(loss, seed);
                let kept = &state.files("")["d/kept"];
                assert!(kept.starts_with(b"kept"), "what was synced stays");
                assert_eq!(state.digest(), disk().state().after(loss, seed).digest(), "a seed loses the same");
            }
        }
    }

    #[test]
    fn a_new_folder_is_durable_and_a_new_file_only_after_its_folder_is_synced() {
        let disk = SimDisk::default();
        disk.create_dir("a/b").unwrap();
        let mut file = disk.create("a/b/f").unwrap();
        file.write_all(b"x").unwrap();
        file.sync().unwrap();
        assert!(disk.state().after(Loss::All, 0).files("").is_empty(), "the content is synced, the name is not");
        assert!(SimDisk::of(disk.state().after(Loss::All, 0)).create("a/b/g").is_ok(), "the folder is there");
        disk.sync_dir("a/b").unwrap();
        assert_eq!(disk.state().after(Loss::All, 0).files("").len(), 1);
    }
}
