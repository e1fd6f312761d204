//! `cardline ledger check`: the whole journal read and its chain verified, the index compared with it. Changes nothing: the index is
//! opened as a copy, because sled writes when it opens.

use std::path::Path;

use card::Code;
use ledger::book::Book;
use ledger::fault::Fault;
use ledger::index::{IndexOpened, MemIndex, SledIndex};
use ledger::journal::{JournalView, OpenReport};
use plant::PlantLock;

use crate::cli::Cli;
use crate::wiring;

/// Page cache of the copy.
const CACHE_BYTES: u64 = 16 << 20;

pub fn check(cli: &Cli) -> Result<u8, Fault> {
    // Damage ends here with JRN-02, segment and offset.
    let (view, report) = JournalView::open(wiring::disk(cli)?)?;
    print_journal(&view, &report);
    let held = match PlantLock::hold(&cli.plant) {
        Ok(held) => held,
        Err(Fault::Locked(who)) => {
            println!("index     not compared: {who}");
            return Ok(0);
        }
        Err(fault) => return Err(fault),
    };
    let said = compare(cli)?;
    drop(held);
    println!("index     {said}");
    Ok(0)
}

fn print_journal(view: &JournalView, report: &OpenReport) {
    let head = report.head;
    println!("journal   plant {}, {} segments, {} bytes, {} records", view.plant_id(), report.segments, report.len_bytes, head.seq);
    println!("chain     sound up to record {} {}", head.seq, head.hash);
    match &report.torn_tail_cut {
        Some(t) => println!("tail      torn: {} bytes from byte {} of {} on ({}); the next run cuts them (JRN-01)", t.len_bytes, t.offset, t.segment, t.why),
        None => println!("tail      whole"),
    }
    println!("last stop {}", if report.clean { "clean" } else { "not marked clean: running, or stopped uncleanly" });
}

/// What the index is against the journal, in words.
///
/// # Errors
/// IDX-02: it can be opened and says something else than the journal.
fn compare(cli: &Cli) -> Result<String, Fault> {
    let folder = cli.plant.join(wiring::INDEX);
    if !folder.exists() {
        return Ok("none; the next run folds it from the journal".to_owned());
    }
    let beside = tempfile::tempdir().map_err(|e| Fault::io("create", "a temporary folder", e))?;
    let copy = beside.path().join("index");
    copy_folder(&folder, &copy).map_err(|e| Fault::io("copy", wiring::INDEX, e))?;
    let (index, opened) = SledIndex::open(&copy, CACHE_BYTES, &plant::machine::boot_id())?;
    if let IndexOpened::SetAside { why, .. } = opened {
        return Ok(unusable(&why));
    }
    let disk = wiring::disk(cli)?;
    let (stored, lacked) = match Book::look_on(disk.clone(), Box::new(index)) {
        Ok(looked) => looked,
        Err(Fault::Index(why)) => return Ok(unusable(&why)),
        Err(fault) => return Err(fault),
    };
    let (unlike, keys) = match stored.differences(&Book::look(disk, Box::new(MemIndex::default()))?) {
        Err(Fault::Index(why)) => return Ok(unusable(&why)),
        compared => compared?,
    };
    if unlike > 0 {
        return Err(Fault::refused(Code::Idx02, format!("{unlike} of {keys} keys are not what the journal says")));
    }
    let behind = if lacked == 0 { String::new() } else { format!(" (it lacked {lacked} records, which the next run folds)") };
    Ok(format!("agrees with the journal: {keys} keys compared{behind}"))
}

fn unusable(why: &str) -> String {
    format!("can't be used ({why}); the next run rebuilds it (IDX-01)")
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() { copy_folder(&entry.path(), &target)? } else { std::fs::copy(entry.path(), target).map(drop)? }
    }
    Ok(())
}
