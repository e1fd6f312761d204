//! Files among a batch's outputs that nobody here wrote: set aside before the batch is sealed, so that no device ever sees them
//! (OUT-02, faults.md E13). After the seal nothing is moved any more: `verify` fails and a release is refused.

use std::collections::BTreeSet;

use card::Code;
use ledger::book::Book;
use ledger::book::state::BatchState;
use ledger::entry::{Entry, FileDigest, Note};
use ledger::fault::Fault;
use ledger::publish::PART_SUFFIX;

use crate::ingest::file_safe;
use crate::job::staging;
use crate::plan::World;

/// What a seal that was interrupted may have left, beside the files it seals.
const SEALS: [&str; 2] = ["manifest.json", "manifest.json.minisig"];
/// Folders of a batch are one in another; what is deeper was not made here.
const DEPTH_MAX: usize = 8;

/// Moves everything in the batch's folder that isn't one of `files` into the quarantine, and writes each down first.
///
/// # Errors
/// The ledger or the disk fails.
pub fn set_aside(world: &World, book: &mut Book, batch: &BatchState, files: &[FileDigest]) -> Result<(), Fault> {
    let known: BTreeSet<&str> = files.iter().map(|f| f.path.as_str()).chain(SEALS).collect();
    for stray in strays(world, &staging(batch), &known)? {
        let text = format!("{}: {} is unknown to the ledger and set aside", batch.batch, crate::package::escaped(stray.as_bytes()));
        world.progress.note(&format!("{} {text}", Code::Out02));
        book.record(&Entry::Note(Note { code: Code::Out02.text().to_owned(), text, at: batch.frozen_at }))?;
        let from = format!("{}/{stray}", staging(batch));
        let to = free_name(world, &format!("quarantine/{}-{}", batch.batch, file_safe(&stray.replace('/', "_"))))?;
        world.disk.create_dir("quarantine").map_err(Fault::on("create", "quarantine"))?;
        world.disk.rename(&from, &to).map_err(Fault::on("rename", &from))?;
        world.disk.sync_dir("quarantine").map_err(|e| Fault::sync("quarantine", e))?;
    }
    Ok(())
}

/// Paths below `root` that aren't known; of a folder nothing of which is known, the folder alone.
fn strays(world: &World, root: &str, known: &BTreeSet<&str>) -> Result<Vec<String>, Fault> {
    let (mut found, mut folders) = (Vec::new(), vec![(String::new(), 0)]);
    while let Some((folder, depth)) = folders.pop() {
        let at = if folder.is_empty() { root.to_owned() } else { format!("{root}/{folder}") };
        for entry in world.disk.list(&at).map_err(Fault::on("list", &at))? {
            let path = if folder.is_empty() { entry.name } else { format!("{folder}/{}", entry.name) };
            let inside = format!("{path}/");
            let leads_on = entry.is_dir && depth < DEPTH_MAX && known.iter().any(|k| k.starts_with(&inside));
            let ours = known.contains(path.as_str()) || path.strip_suffix(PART_SUFFIX).is_some_and(|whole| known.contains(whole));
            match (leads_on, ours && !entry.is_dir) {
                (true, _) => folders.push((path, depth + 1)),
                (false, false) => found.push(path),
                (false, true) => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The name, or the first free one made of it.
fn free_name(world: &World, wanted: &str) -> Result<String, Fault> {
    let taken: BTreeSet<String> =
        world.disk.list("quarantine").map_err(Fault::on("list", "quarantine"))?.into_iter().map(|e| format!("quarantine/{}", e.name)).collect();
    let numbered = (2..).map(|n| format!("{wanted}-{n}"));
    Ok(std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or_else(|| wanted.to_owned()))
}
