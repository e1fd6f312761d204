//! What direct encoding writes: the cards of a job's own encode file, as it was sealed. The one place that knows which of a job's files
//! that is.

use card::{Code, Keyed};
use chip::FileImage;
use chip::cps::CpsReader;
use ledger::book::state::{BatchState, JobState};
use ledger::disk::Disk;
use ledger::entry::{CutCard, FileDigest};
use ledger::fault::Fault;

const ENDING: &str = ".cps";

/// One card of a job and the files its chip gets. Personal: no `Debug`.
pub struct CardToWrite {
    /// 1-based, in the batch.
    pub position: u32,
    pub number: String,
    pub generation: u32,
    pub files: Vec<FileImage>,
    record: Keyed,
}

/// The cards of a released job, in its order, and the file they are from: the bytes the ledger names, and the cards that were cut.
///
/// # Errors
/// OUT-01: the file isn't as it was published, or holds other cards than the ledger has.
pub fn cards_of(plant: &dyn Disk, batch: &BatchState, job: &JobState, cut: &[CutCard]) -> Result<(FileDigest, Vec<CardToWrite>), Fault> {
    let found = job.files.iter().find(|f| f.path.ends_with(ENDING));
    let file = found.ok_or_else(|| Fault::Invariant(format!("{} job {} has no encode file that can be read", batch.batch, job.job)))?;
    let path = format!("batches/{}/{}", batch.batch, file.path);
    let bytes = plant.map(&path).map_err(Fault::on("read", &path))?;
    let bytes = (*bytes).as_ref();
    let changed = |why: &str| Fault::refused(Code::Out01, format!("{path}{why}"));
    if bytes.len() as u64 != file.len_bytes || card::Digest::of(bytes) != file.digest {
        return Err(changed(""));
    }
    let cards = read(bytes).map_err(|why| changed(&format!(": {why}")))?;
    let records: Vec<Keyed> = cards.iter().map(|c| c.record).collect();
    let same = records.iter().eq(job.records.iter().flatten()) && cards.iter().all(|c| is_cut(c, cut));
    if same { Ok((file.clone(), cards)) } else { Err(changed(": other cards than the ledger has")) }
}

fn is_cut(card: &CardToWrite, cut: &[CutCard]) -> bool {
    let at = card.position.checked_sub(1).and_then(|position| cut.get(position as usize));
    at.is_some_and(|c| (&c.number, c.generation) == (&card.number, card.generation))
}

fn read(bytes: &[u8]) -> Result<Vec<CardToWrite>, String> {
    let card = |read: Result<chip::cps::CpsCard, String>| {
        let read = read?;
        let (position, number, generation, record) = (read.position, read.number.to_owned(), read.generation, read.record);
        Ok(CardToWrite { position, number, generation, files: chip::cps::files_of(&read), record })
    };
    CpsReader::open(bytes)?.map(card).collect()
}
