//! Strangers in the plant (I-21) outside single batches: batch folders and vault files the ledger doesn't know.

use std::collections::{BTreeSet, HashSet};

use ledger::disk::Disk;
use ledger::fault::Fault;

use crate::files;
use crate::proof::{Invariant, Proofs};
use crate::story::Story;

/// Name of a package's key in its folder.
const KEY: &str = "key";

/// No batch folder and no vault file the ledger doesn't know, but what a stop leaves behind.
///
/// # Errors
/// The disk's.
pub fn check(disk: &dyn Disk, story: &Story, proofs: &mut Proofs) -> Result<(), Fault> {
    let batches: BTreeSet<&str> = story.batches.iter().map(|b| b.id.as_str()).collect();
    for entry in disk.list("batches").map_err(Fault::on("list", "batches"))? {
        let id = entry.name.strip_suffix(".staging").unwrap_or(&entry.name);
        proofs.check(Invariant::I21, batches.contains(id), || format!("batches/{} is unknown to the ledger", entry.name));
    }
    let known: HashSet<&str> = story.packages.iter().flat_map(|p| p.chunks.iter().map(|c| c.path.as_str()).chain([p.vault_path.as_str()])).collect();
    // Of a purged package's folder I-29 speaks.
    let of = |file: &str| file.split_once('/').and_then(|(folder, name)| Some((story.packages.get(folder.parse::<usize>().ok()?)?, name == KEY)));
    for file in files::below(disk, "vault")? {
        let path = format!("vault/{file}");
        let expected = known.contains(path.as_str()) || of(&file).is_some_and(|(p, is_key)| p.purged || is_key) || left_over(story, &file);
        proofs.check(Invariant::I21, expected, || format!("{path} is unknown to the ledger"));
    }
    Ok(())
}

/// Published or begun, but not written down before a stop: the next package's contents, the next rows of an unfinished one.
fn left_over(story: &Story, file: &str) -> bool {
    let Some((folder, name)) = file.split_once('/') else { return false };
    let Some(number) = folder.parse::<usize>().ok() else { return false };
    let unfinished = story.packages.get(number).is_none_or(|p| p.judged < p.count);
    number <= story.packages.len() && unfinished && (name.starts_with("records-") || number == story.packages.len())
}
