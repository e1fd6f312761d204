//! `cardline handover BATCH [JOB]`, `handover resolve`, `handover open`: jobs to a device, each file once in a sealed envelope; what people
//! found after an unclear one; and what a device does with an envelope.

use std::fs::File;
use std::path::{Path, PathBuf};

use card::{BatchId, Code, Digest};
use ledger::book::state::{HandoverStage, Reached};
use ledger::disk::Disk;
use ledger::entry::Millis;
use ledger::fault::Fault;
use ledger::journal::JournalView;
use ledger::publish::publish;
use line::handover::inner::{self, Reader};
use line::handover::resolve::{self, Word};
use line::handover::{Handed, Handover};
use line::people::Signatory;
use plant::{AgeEnvelope, DeviceLock, Durability, RealDisk};

use crate::cli::{Cli, FoundArg, HandoverArgs, HandoverCommand, HandoverOpenArgs, HandoverResolveArgs, HandoverSendArgs};
use crate::wiring::OpenPlant;
use crate::{key_files, people, wiring, witness};

const HOUR: Millis = 3_600_000;
/// An identity file is a comment or two and a key.
const IDENTITY_BYTES_MAX: u64 = 1 << 16;

pub fn handover(cli: &Cli, args: &HandoverArgs) -> Result<u8, Fault> {
    match (&args.command, &args.send) {
        (Some(HandoverCommand::Resolve(args)), _) => settle(cli, args),
        (Some(HandoverCommand::Open(args)), _) => open(cli, args),
        (None, Some(args)) => send(cli, args),
        (None, None) => Err(Fault::refused(Code::Use01, "handover BATCH [JOB] --device NAME --to DIR --as ID")),
    }
}

fn send(cli: &Cli, args: &HandoverSendArgs) -> Result<u8, Fault> {
    let who = people::id(&args.who)?;
    let batch = BatchId::parse(&args.batch).map_err(|text| Fault::refused(Code::Use01, text))?;
    if let Some(text) = &args.witness {
        // Before anything is opened for writing: an older copy has forgotten what it handed over.
        witness::demand(&JournalView::open(wiring::disk(cli)?)?.0, &witness::places(text)?)?;
    }
    let mut open = wiring::open(cli, "handover")?;
    let outcome = handed(&mut open, args, who, &batch);
    let handed = open.finish(outcome)?;
    for h in &handed {
        let what = if h.before { "arrived before as" } else { "handed over as" };
        println!("{batch} job {} {} {what} {}", h.job, h.file, line::handover::envelope_name(&h.device, h.number));
    }
    if handed.iter().all(|h| h.before) {
        println!("nothing was sent");
    }
    Ok(0)
}

fn handed(open: &mut OpenPlant, args: &HandoverSendArgs, who: &str, batch: &BatchId) -> Result<Vec<Handed>, Fault> {
    let tray = tray(open, &args.to)?;
    let not_after = match &args.not_after {
        Some(text) => {
            text.parse::<jiff::Timestamp>().map_err(|_| Fault::refused(Code::Use01, format!("--not-after: {text:?} is not RFC 3339")))?.as_millisecond()
        }
        None => open.world.clock.now().saturating_add(HOUR * open.config.handover.valid_hours as Millis),
    };
    let world = &open.world;
    let handover = Handover {
        plant: &*world.disk,
        tray: &tray,
        signer: &*world.signer,
        envelope: &AgeEnvelope,
        clock: &*world.clock,
        device: &args.device,
        who,
        not_after,
    };
    handover.hand_over(&mut open.book, batch, args.job)
}

/// The folder envelopes are laid in, which must not be the plant's own.
fn tray(open: &OpenPlant, to: &Path) -> Result<RealDisk, Fault> {
    let durability = match open.config.plant.durability {
        crate::config::Durability::Full => Durability::Full,
        crate::config::Durability::None => Durability::None,
    };
    let (tray, warnings) = RealDisk::open(to, durability)?;
    warnings.iter().for_each(|w| tell!("{w}"));
    if tray.root().starts_with(open.disk.root()) {
        return Err(Fault::refused(Code::Use01, "--to: the folder is inside the plant"));
    }
    Ok(tray)
}

fn settle(cli: &Cli, args: &HandoverResolveArgs) -> Result<u8, Fault> {
    let (person, reason) = (people::id(&args.word.who)?, people::reason(&args.word.reason)?);
    let key = key_files::secret(&args.word.key, args.word.passphrase_fd)?;
    let by = Signatory { person, key: &key };
    let word = Word { device: &args.device, number: args.number, arrived: args.found == FoundArg::Arrived, reason, by };
    let mut open = wiring::open(cli, "handover resolve")?;
    let outcome = said(&mut open, &word);
    let said = match open.finish(outcome)? {
        HandoverStage::InDoubt => "waits for another person who says the same; one of the two must be a supervisor",
        HandoverStage::Arrived => "arrived",
        HandoverStage::Void => "did not arrive: the file may be handed over again",
    };
    println!("hand-over {} to {} {said}", args.number, args.device);
    Ok(0)
}

/// Nothing is said of a job while its printer is at work on it.
fn said(open: &mut OpenPlant, word: &Word) -> Result<HandoverStage, Fault> {
    let at = open.world.clock.now();
    let by_ipp = open.book.device(word.device)?.is_some_and(|d| matches!(d.reached, Reached::Ipp(_)));
    let idle = if by_ipp { Some(DeviceLock::take(&open.root, word.device, "handover resolve", at)?) } else { None };
    let stage = resolve::say(&mut open.book, word, at);
    idle.map_or(Ok(()), DeviceLock::release)?;
    stage
}

fn open(cli: &Cli, args: &HandoverOpenArgs) -> Result<u8, Fault> {
    let previous = args.previous.as_deref().map(Digest::parse).transpose().map_err(|_| Fault::refused(Code::Use01, "--previous: 64 hex digits"))?;
    let plant_key = key_files::public(&args.plant_key)?;
    let reader = Reader { device: &args.device, plant_key: &plant_key, now: wiring::clock(cli)?.now(), previous };
    let envelope = File::open(&args.file).map_err(Fault::on("open", &args.file.display().to_string()))?;
    let identity = identity(&args.identity)?;
    let mut inside = plant::envelope::open(&identity, envelope)?;
    let (folder, name) = beside(&args.out)?;
    if folder.len(&name).map_err(Fault::on("look for", &name))?.is_some() {
        return Err(Fault::refused(Code::Use01, format!("{} is there already", args.out.display())));
    }
    let mut header = None;
    publish(&folder, &name, |out| {
        header = Some(inner::read(&reader, &mut inside, out)?);
        Ok(())
    })?;
    let header = header.ok_or_else(|| Fault::Invariant("an envelope was read without its header".to_owned()))?;
    println!("{}", String::from_utf8_lossy(&header.to_json()));
    tell!("header {}", Digest::of(&header.to_json()));
    Ok(0)
}

fn identity(path: &Path) -> Result<zeroize::Zeroizing<String>, Fault> {
    use std::io::Read as _;
    let shown = path.display().to_string();
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut text = zeroize::Zeroizing::new(String::with_capacity(IDENTITY_BYTES_MAX as usize));
    File::open(path).and_then(|f| f.take(IDENTITY_BYTES_MAX).read_to_string(&mut text)).map_err(Fault::on("read", &shown))?;
    Ok(text)
}

/// The folder of a file that is to be written, and its name there. The tool keeps nothing: syncs are left out.
fn beside(out: &Path) -> Result<(RealDisk, String), Fault> {
    let wrong = || Fault::refused(Code::Use01, "--out: not a file name");
    let name = out.file_name().and_then(|n| n.to_str()).ok_or_else(wrong)?.to_owned();
    let folder = out.parent().filter(|p| *p != Path::new("")).map_or_else(|| PathBuf::from("."), Path::to_owned);
    Ok((RealDisk::open(&folder, Durability::None)?.0, name))
}
