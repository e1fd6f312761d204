//! `cardline photo labelled`: writes testkit's labelled set into a folder, with `labels.csv` for `photo evaluate`.

use ledger::fault::Fault;
use testkit::labelled::{self, Half, Planned, Size};

use super::{make_folder, on_all_cores, write};
use crate::cli::PhotoLabelledArgs;

pub fn labelled(args: &PhotoLabelledArgs) -> Result<u8, Fault> {
    make_folder(&args.folder)?;
    let mut size = Size::of(args.count);
    size.degraded = args.degraded.unwrap_or(size.degraded);
    let set: Vec<Planned> = labelled::plan(args.seed, size).filter(|p| !args.held_out || p.half == Half::HeldOut).collect();
    on_all_cores(&photo::nets::Absent, set.len(), |at| write(&args.folder.join(&set[at].file), &set[at].make()))?;
    let labels: String = std::iter::once(labelled::HEADER.to_owned()).chain(set.iter().map(labelled::line)).collect();
    // Last: a folder with labels is whole.
    write(&args.folder.join("labels.csv"), labels.as_bytes())?;
    tell!("{} photos", set.len());
    Ok(0)
}
