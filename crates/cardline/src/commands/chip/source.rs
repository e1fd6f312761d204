//! Where a chip image comes from, and the layout it is read by.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use card::{Code, Profile};
use chip::FileImage;
use chip::cps::{CpsCard, CpsReader, files_of};
use chip::keys::CHECK_BYTES;
use chip::show::{ShownCard, ShownImage};
use ledger::book::Book;
use ledger::book::state::BatchState;
use ledger::disk::Disk as _;
use ledger::fault::Fault;

use super::super::decide::find;
use crate::cli::{ChipArgs, Cli};
use crate::config::FILE_NAME;
use crate::wiring::{self, clock, profile_at, profile_file_or_id, read_config, today};

/// Far above any job's encode file.
const FILE_BYTES_MAX: u64 = 1 << 30;
const PROFILE: &str = "hubei-foreigner-2025";

/// The chips that were asked for, and how their files are read.
pub(super) struct Chips {
    pub profile: Profile,
    pub cards: Vec<Chip>,
}

/// One chip. Personal: no `Debug`.
pub(super) struct Chip {
    pub card: Option<ShownCard>,
    pub files: Vec<FileImage>,
    pub checks: Vec<KeyCheck>,
}

/// The check value of a key in a folder.
pub(super) struct KeyCheck {
    pub folder: Vec<u8>,
    pub id: u8,
    pub value: [u8; CHECK_BYTES],
}

impl Chips {
    /// # Errors
    /// There is no such card or file, or it can't be read.
    pub(super) fn find(cli: &Cli, args: &ChipArgs) -> Result<Self, Fault> {
        if Path::new(&args.what).is_file() {
            let bytes = read(Path::new(&args.what), FILE_BYTES_MAX)?;
            let cards = of_file(&bytes, args.card).map_err(|why| Fault::BadInput(format!("{}: {why}", args.what)))?;
            return Ok(Self { profile: profile(cli, args, None)?, cards });
        }
        let (batch, cards) = of_plant(cli, &args.what)?;
        Ok(Self { profile: profile(cli, args, Some(&batch))?, cards })
    }
}

/// The profile that was named, else the plant's on the day the batch was cut or today, else the built-in one.
fn profile(cli: &Cli, args: &ChipArgs, batch: Option<&BatchState>) -> Result<Profile, Fault> {
    match &args.profile {
        Some(named) => profile_file_or_id(named, today()),
        None if cli.plant.join(FILE_NAME).exists() => {
            let at = batch.map_or_else(|| clock(cli).map(|c| c.now()), |b| Ok(b.frozen_at))?;
            profile_at(&cli.plant, &read_config(&cli.plant)?, at)
        }
        None => profile_file_or_id(PROFILE, today()),
    }
}

/// A file's bytes, if it isn't larger than anything it could be.
pub(super) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Fault> {
    let unreadable = |e: std::io::Error| Fault::BadInput(format!("{}: {e}", path.display()));
    let mut bytes = Vec::new();
    File::open(path).and_then(|f| f.take(bytes_max + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > bytes_max {
        return Err(Fault::BadInput(format!("{}: over {bytes_max} bytes", path.display())));
    }
    Ok(bytes)
}

/// JSON begins with a brace, an encode file never does.
fn of_file(bytes: &[u8], position: Option<u32>) -> Result<Vec<Chip>, String> {
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        let found = cards(bytes, |card| position.is_none_or(|p| card.position == p))?;
        return match (found.is_empty(), position) {
            (true, Some(p)) => Err(format!("no card at position {p}")),
            _ => Ok(found),
        };
    }
    let image = ShownImage::from_json(bytes)?;
    Ok(vec![Chip { files: image.files()?, card: image.card, checks: Vec::new() }])
}

/// Those cards of an encode file that are `wanted`. The whole file is read all the same: a damaged one shows nothing.
fn cards(bytes: &[u8], wanted: impl Fn(&ShownCard) -> bool) -> Result<Vec<Chip>, String> {
    let reader = CpsReader::open(bytes)?;
    let batch = reader.batch.to_string();
    let mut found = Vec::new();
    for read in reader {
        let read = read?;
        let card = ShownCard { number: read.number.to_owned(), generation: read.generation, position: read.position, batch: batch.clone() };
        if wanted(&card) {
            found.push(Chip { card: Some(card), files: files_of(&read), checks: checks_of(&read) });
        }
    }
    Ok(found)
}

fn checks_of(card: &CpsCard) -> Vec<KeyCheck> {
    let keys = card.modules.iter().flat_map(|module| module.keys.iter().flat_map(|k| &k.keys).map(|key| (module.name, key)));
    keys.map(|(folder, (key, value))| KeyCheck { folder: folder.to_vec(), id: key.id, value: *value }).collect()
}

/// The newest card of a number, or that of an application.
fn of_plant(cli: &Cli, what: &str) -> Result<(BatchState, Vec<Chip>), Fault> {
    let book = wiring::look(cli)?;
    let (number, generation, batch, position) = place(&book, what)?;
    let batch = book.batch(&batch)?.ok_or_else(|| Fault::Invariant(format!("the book has a card of {batch} but not the batch")))?;
    if let Some(purged) = &batch.purged {
        return Err(Fault::refused(Code::Prg01, format!("batch {} was purged by {}", batch.batch, purged.who)));
    }
    let job = position / batch.cards_per_job.max(1) + 1;
    let disk = wiring::disk(cli)?;
    // Until its release a batch lies in another folder (docs/formats/batch.md); a run beside us may release it just now.
    let folders = [format!("batches/{}", batch.batch), line::job::staging(&batch), format!("batches/{}", batch.batch)];
    let paths = folders.map(|folder| format!("{folder}/encode/job-{job:04}.cps"));
    let bytes = paths.iter().find_map(|path| disk.map(path).ok());
    let bytes = bytes.ok_or_else(|| Fault::BadInput(format!("{what}: job {job} of batch {} has no encode file yet", batch.batch)))?;
    let wanted = |card: &ShownCard| card.number == number && card.generation == generation;
    let found = cards((*bytes).as_ref(), wanted).map_err(|why| Fault::BadInput(format!("{}: {why}", paths[0])))?;
    if found.is_empty() {
        return Err(Fault::BadInput(format!("{what}: no card was made of its number in job {job} of batch {}", batch.batch)));
    }
    Ok((batch, found))
}

/// Number, generation, batch and position (from 0) of what was asked for.
fn place(book: &Book, what: &str) -> Result<(String, u32, card::BatchId, u32), Fault> {
    if card::card_number::is_valid(what) {
        let newest = book.cards_numbered(what)?.pop().ok_or_else(|| Fault::Usage(format!("no card {what}")))?;
        return Ok((newest.number, newest.generation, newest.batch, newest.position));
    }
    let place = find(book, what)?.place.filter(|p| !p.void).ok_or_else(|| Fault::Usage(format!("application {what} has no card")))?;
    Ok((place.number, place.generation, place.batch, place.position))
}
