//! What outlets were told of cards that ended (`returns/OUTLET/revoked-BATCH.csv`, docs/formats/remakes.md), held against the journal's
//! revocations: each in its old card's outlet's list, under the batch that replaces it, and no row of another outlet or of a card that
//! lives. Application numbers aren't compared: the story keeps none.

use std::collections::{BTreeMap, BTreeSet};

use ledger::disk::Disk;
use ledger::entry::RevocationCause;
use ledger::fault::Fault;

use crate::csv::Csv;
use crate::files;
use crate::proof::{Invariant, Proofs};
use crate::story::{Named, Revocation, Story};

const CAUSES: [RevocationCause; 2] = [RevocationCause::Remade, RevocationCause::Replaced];

type Rows = BTreeMap<Named, Revocation>;

/// Looks at every outlet's lists. One that its outlet has taken away can't be read again; that is counted.
///
/// # Errors
/// The disk's.
pub fn check(disk: &dyn Disk, story: &Story, proofs: &mut Proofs) -> Result<(), Fault> {
    let mut wanted: BTreeMap<String, Rows> = BTreeMap::new();
    for (named, revocation) in story.revocations() {
        if let Some(path) = path_of(story, &named, &revocation) {
            wanted.entry(path).or_default().insert(named, revocation);
        }
    }
    let mut paths: BTreeSet<String> = wanted.keys().cloned().collect();
    let outlets: BTreeSet<&str> = story.packages.iter().map(|p| p.outlet.as_str()).collect();
    for folder in outlets.into_iter().map(|outlet| format!("returns/{outlet}")) {
        let found = match disk.list(&folder) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            found => found.map_err(Fault::on("list", &folder))?,
        };
        paths.extend(found.iter().filter(|e| e.name.starts_with("revoked-") && e.name.ends_with(".csv")).map(|e| format!("{folder}/{}", e.name)));
    }
    for path in paths {
        let Some(bytes) = files::open(disk, &path)? else {
            proofs.answers_gone += 1;
            continue;
        };
        let found = list(story, (*bytes).as_ref(), &path, wanted.remove(&path).unwrap_or_default());
        proofs.check(Invariant::I32, found.is_ok(), || format!("{path}: {}", found.err().unwrap_or_default()));
    }
    Ok(())
}

/// Where a revocation is told: in the list of the old card's outlet, by the new card's batch.
fn path_of(story: &Story, old: &Named, revocation: &Revocation) -> Option<String> {
    let outlet = &story.package_of(story.application(story.cut(old)?.1.ordinal)?).outlet;
    Some(format!("returns/{outlet}/revoked-{}.csv", story.cut(&revocation.replaced_by)?.0.id))
}

/// Every row is a revocation of this list, each stands there, and none twice. What a stop has kept out of the journal may stand there too, if the
/// card is to end.
fn list(story: &Story, bytes: &[u8], path: &str, mut wanted: Rows) -> Result<(), String> {
    let mut csv = Csv::open(bytes)?;
    let [number, generation, cause, by, by_generation] =
        ["card_number", "generation", "cause", "replaced_by", "replaced_by_generation"].map(|name| csv.column(name));
    let (number, generation, cause, by, by_generation) = (number?, generation?, cause?, by?, by_generation?);
    let mut seen = BTreeSet::new();
    while let Some(row) = csv.next_row()? {
        let unreadable = || format!("line {} can't be read", row.number);
        let count = |column: usize| row.get(column).parse::<u32>().map_err(|_| unreadable());
        let named = (row.get(number).to_owned(), count(generation)?);
        let cause = CAUSES.into_iter().find(|c| c.name() == row.get(cause)).ok_or_else(unreadable)?;
        let told = Revocation { replaced_by: (row.get(by).to_owned(), count(by_generation)?), cause };
        let so = match wanted.remove(&named) {
            Some(revocation) => revocation == told,
            None => story.is_to_end(&named, &told) && path_of(story, &named, &told).as_deref() == Some(path),
        };
        if !so || !seen.insert(named) {
            return Err(format!("line {} tells of no card of this list that ended so", row.number));
        }
    }
    wanted.keys().next().map_or(Ok(()), |(number, generation)| Err(format!("card {number} generation {generation} ended and isn't in it")))
}
