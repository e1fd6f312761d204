//! Opening a plant: configuration, lock, disk, keys, ledger with its index, and the ports of the line, put together in one place.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use card::{BatchId, Code, Profile};
use jiff::civil::Date;
use ledger::book::Book;
use ledger::entry::{Entry, Millis, Note};
use ledger::fault::Fault;
use ledger::index::{IndexOpened, MemIndex, SledIndex};
use line::package::PackageLimits;
use line::plan::{Pepper, Plan, ReleaseMode, Sender, World, civil_day};
use line::ports::{Auditor, Clock, Trusting};
use photo::nets::{EngineFault, Networks};
use plant::keys::PlantKeys;
use plant::{Durability, FolderInbox, PlantLock, RealDisk, Shelf, SystemClock, SystemEntropy, VaultKey};

use crate::cli::Cli;
use crate::config::{self, Config, FILE_NAME};
use crate::release_id::release_id;
use crate::{card_keys, progress};

/// Where sled lives inside the plant.
pub const INDEX: &str = "ledger/index";

/// A plant opened for writing, under its lock.
pub struct OpenPlant {
    pub root: PathBuf,
    pub config: Config,
    pub world: World,
    pub book: Book,
    pub disk: Arc<RealDisk>,
    lock: PlantLock,
    /// The run before this one left its lease behind: what it says.
    pub unclean: Option<String>,
}

impl OpenPlant {
    /// Ends cleanly: everything durable, the lock given back.
    ///
    /// # Errors
    /// The disk fails.
    pub fn close(self) -> Result<u8, Fault> {
        self.book.close()?;
        self.lock.release()?;
        Ok(0)
    }

    /// Ends cleanly when the command came to its end or was refused; after a fault of the world the stop stays unclean.
    ///
    /// # Errors
    /// The command's own, or the disk's.
    pub fn finish<T>(self, outcome: Result<T, Fault>) -> Result<T, Fault> {
        if is_orderly(&outcome) {
            self.close()?;
        }
        outcome
    }

    /// The settled choices of a run, for the day it is about.
    ///
    /// # Errors
    /// The profile can't be read or doesn't apply on that day.
    pub fn plan(&self, threads: Option<u64>) -> Result<Plan, Fault> {
        let keys = card_keys::identity(&*self.disk, &self.config)?;
        settled(&self.config, self.profile()?, &*self.world.networks, &keys, threads)
    }

    /// Opens the card keys, and the key permits are signed with, for a run that makes jobs; the passphrase comes over `fd` or from the terminal.
    ///
    /// # Errors
    /// KEY-03, KEY-04.
    pub fn open_card_keys(&mut self, fd: Option<u32>) -> Result<(), Fault> {
        let opened = card_keys::open(&*self.disk, &self.config, fd)?;
        (self.world.card_keys, self.world.permit_signer) = (opened.keys, opened.signer);
        Ok(())
    }

    /// How long the profile in force today lets data be kept.
    ///
    /// # Errors
    /// The profile can't be read or doesn't apply today.
    pub fn retention(&self) -> Result<card::profile::retention::Retention, Fault> {
        Ok(profile_at(&self.root, &self.config, self.world.clock.now())?.retention)
    }

    /// The profile as it applies on the day the run is about: that of an open batch, of a run being resumed, or today.
    fn profile(&self) -> Result<Profile, Fault> {
        profile_at(&self.root, &self.config, self.day_about()?)
    }

    fn day_about(&self) -> Result<Millis, Fault> {
        let resumed = self.book.run()?.filter(|r| r.ended.is_none() || r.ended == Some(line::run::EXIT_STOPPED)).map(|r| r.frozen_at);
        Ok(self.book.open_batch()?.map(|b| b.frozen_at).or(resumed).unwrap_or_else(|| self.world.clock.now()))
    }

    /// Lets photos under suspicion be examined by this very program, by the profile of this run.
    ///
    /// # Errors
    /// The index fails.
    pub fn examine_suspects_apart(&mut self) -> Result<(), Fault> {
        let at = jiff::Timestamp::from_millisecond(self.day_about()?).map_err(|e| Fault::Invariant(format!("a frozen time: {e}")))?;
        if let Ok(program) = std::env::current_exe() {
            let args = ["--plant", &self.root.to_string_lossy(), "--clock", &at.to_string(), "examine-apart"].map(str::to_owned);
            self.world.apart = Box::new(plant::apart::ExaminingProgram::new(program, args.to_vec()));
        }
        Ok(())
    }
}

/// The settled choices of a run under a configuration, profile, engine of the face networks and store of card keys; `threads` goes before the
/// configuration's.
///
/// # Errors
/// CFG-05: so many threads are not allowed. CFG-08: the engine of the face networks can't be used.
pub fn settled(c: &Config, profile: Profile, networks: &dyn Networks, keys: &str, threads: Option<u64>) -> Result<Plan, Fault> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = match threads.or(c.run.threads) {
        Some(n @ 1..=256) => n as usize,
        Some(n) => return Err(Fault::Refused { code: Code::Cfg05, text: format!("--threads: {n} is not within 1 to 256") }),
        None => cores.min(256),
    };
    Ok(Plan {
        release_id: release_id(c, &profile, &networks.identity().map_err(no_engine)?, keys),
        profile,
        threads,
        permits: c.run.permits as usize,
        cards_per_job: c.run.cards_per_job as u32,
        unsigned_packages_allowed: c.packages.unsigned_allowed,
        package_limits: PackageLimits::default(),
        incomplete_package_alert_seconds: c.packages.incomplete_alert_minutes * 60,
        release: match c.release.mode {
            config::ReleaseMode::Automatic => ReleaseMode::Automatic,
            config::ReleaseMode::TwoPerson => ReleaseMode::TwoPerson,
        },
        utc_offset_minutes: c.utc_offset_minutes().unwrap_or(0),
        sender: Sender {
            name: c.sender.name.clone(),
            name_zh: c.sender.name_zh.clone(),
            address: c.sender.address.clone(),
            phone: c.sender.phone.clone(),
            mail_fee_cents: c.sender.mail_fee_cents as u32,
        },
        proof_cards: c.report.proof_cards as usize,
        finish_by_minutes: c.report.finish_by_minutes().unwrap_or(0),
    })
}

/// The profile the configuration names, as it applies on the day of `at`.
///
/// # Errors
/// CFG-03: it can't be read, or doesn't apply on that day.
pub fn profile_at(root: &Path, config: &Config, at: Millis) -> Result<Profile, Fault> {
    let day = civil_day(at, config.utc_offset_minutes().unwrap_or(0));
    let refused = |text: String| Fault::Refused { code: Code::Cfg03, text };
    if config.profile.file.is_empty() {
        return Profile::built_in(&config.profile.id, day).map_err(refused);
    }
    let text = read_config_text(&root.join(&config.profile.file))?;
    Profile::parse(&text, day).map_err(|e| refused(format!("{}: {e}", config.profile.file)))
}

/// Opens the plant for writing.
///
/// # Errors
/// There is no plant, another run holds it, the configuration is refused, or the ledger is damaged.
pub fn open(cli: &Cli, command: &str) -> Result<OpenPlant, Fault> {
    open_with(cli, command, IndexCare::Continue)
}

/// As [`open`], with the index set aside and folded anew from the journal.
///
/// # Errors
/// As [`open`].
pub fn open_rebuilding(cli: &Cli, command: &str) -> Result<OpenPlant, Fault> {
    open_with(cli, command, IndexCare::Rebuild)
}

/// It came to its end, was refused, or found something in use.
fn is_orderly<T>(outcome: &Result<T, Fault>) -> bool {
    use Fault::{BadInput, Locked, NotAllowed, Refused, Stopped, Usage};
    matches!(outcome, Ok(_) | Err(Refused { .. } | NotAllowed(_) | Usage(_) | BadInput(_) | Stopped(_) | Locked(_)))
}

/// What to do with the index that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IndexCare {
    Continue,
    Rebuild,
}

fn open_with(cli: &Cli, command: &str, care: IndexCare) -> Result<OpenPlant, Fault> {
    let root = cli.plant.clone();
    if !root.join(FILE_NAME).exists() {
        return Err(Fault::Usage(format!("{} is not a plant; `cardline init` makes one", root.display())));
    }
    let config = read_config(&root)?;
    let clock = clock(cli)?;
    let (disk, warnings) = real_disk(&root, &config)?;
    warnings.iter().for_each(|w| tell!("{w}"));
    let (lock, stale) = PlantLock::take(&root, command, clock.now())?;
    let keys = PlantKeys::open(&*disk)?;
    let (book, notes) = open_book(&root, &config, disk.clone(), care)?;
    let (pepper, vault_key) = (keys.pepper.clone(), keys.vault.clone());
    let world = World {
        disk: disk.clone(),
        inbox: Box::new(FolderInbox::new(&root, durability(&config))),
        shelf: Box::new(Shelf::new(disk.clone())),
        clock,
        signer: Box::new(keys),
        auditor: Box::new(Audit { disk: disk.clone(), pepper: pepper.clone(), vault_key: vault_key.clone() }),
        vault_key: Arc::new(vault_key),
        entropy: Arc::new(SystemEntropy),
        apart: Box::new(Trusting),
        networks: Arc::new(config.photo.engine().networks()),
        card_keys: None,
        permit_signer: None,
        progress: progress::for_stderr(),
        give_back: plant::allocator::trim,
        stop: Arc::new(AtomicBool::new(false)),
        pepper,
    };
    let mut open = OpenPlant { root, config, world, book, disk, lock, unclean: stale.map(|s| s.report) };
    told_if_clock_went_back(&mut open)?;
    note(&mut open, notes)?;
    if open.unclean.is_some() {
        // A clean stop says that nothing purged is left lying.
        line::purge::finish(&open.world, &open.book)?;
    }
    Ok(open)
}

fn told_if_clock_went_back(open: &mut OpenPlant) -> Result<(), Fault> {
    let now = open.world.clock.now();
    if let Some(latest) = open.book.latest()?.filter(|latest| now < *latest) {
        let went_back = Note::clock_went_back(latest, now);
        tell!("{} {}", Code::Clk01, went_back.text);
        open.book.record(&Entry::Note(went_back))?;
    }
    Ok(())
}

fn note(open: &mut OpenPlant, notes: Vec<(Code, String)>) -> Result<(), Fault> {
    for (code, text) in notes {
        tell!("{code} {text}");
        open.book.record(&Entry::Note(Note { code: code.text().to_owned(), text, at: open.world.clock.now() }))?;
    }
    Ok(())
}

fn open_book(root: &Path, config: &Config, disk: Arc<RealDisk>, care: IndexCare) -> Result<(Book, Vec<(Code, String)>), Fault> {
    let cache_bytes = config.index.cache_mib << 20;
    let (mut index, mut opened) = SledIndex::open(&root.join(INDEX), cache_bytes, &plant::machine::boot_id())?;
    if care == IndexCare::Rebuild && opened == IndexOpened::Reopened {
        opened = IndexOpened::SetAside { set_aside: index.rebuild()?, why: "asked for".to_owned() };
    }
    let mut notes = Vec::new();
    if let IndexOpened::SetAside { set_aside, why } = opened {
        let kept = set_aside.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        notes.push((Code::Idx01, format!("index set aside as ledger/{kept} and rebuilt: {why}")));
    }
    let (book, report) = Book::open(disk, Box::new(index))?;
    if let Some(torn) = report.journal.torn_tail_cut {
        notes.push((Code::Jrn01, format!("{} bytes after byte {} of {}: {}", torn.len_bytes, torn.offset, torn.segment, torn.why)));
    }
    if let Some(why) = report.refolded {
        notes.push((Code::Idx01, format!("index rebuilt from the journal: {why}")));
    }
    Ok((book, notes))
}

/// An engine of the face networks that can't be used, as a refusal.
#[must_use]
pub fn no_engine(fault: EngineFault) -> Fault {
    Fault::refused(Code::Cfg08, fault.to_string())
}

/// The independent auditor, asked before a batch goes out.
struct Audit {
    disk: Arc<RealDisk>,
    pepper: Pepper,
    vault_key: VaultKey,
}

impl Auditor for Audit {
    fn check(&self, batch: &BatchId) -> Result<(), Fault> {
        let scope = audit::Scope {
            batch: Some(batch.clone()),
            pepper: Some(self.pepper.0),
            vault_key: Some(audit::PlantKey::new(*self.vault_key.bytes())),
            ..audit::Scope::default()
        };
        let mut broken = Vec::new();
        audit::verify(&*self.disk, &scope, &mut |f| {
            if !f.ok {
                broken.push(format!("{} {}", f.id, f.detail.as_deref().unwrap_or(f.what)));
            }
        })?;
        if broken.is_empty() { Ok(()) } else { Err(Fault::refused(Code::Out04, format!("{batch}: {}", broken.join("; ")))) }
    }
}

/// Looks at a plant without its lock: works beside a run that is going on.
///
/// # Errors
/// There is no plant, or its journal is damaged.
pub fn look(cli: &Cli) -> Result<Book, Fault> {
    let config = read_config(&cli.plant)?;
    let (disk, _) = real_disk(&cli.plant, &config)?;
    Book::look(disk, Box::new(MemIndex::default()))
}

/// The plant's disk alone, for independent readers.
///
/// # Errors
/// There is no plant.
pub fn disk(cli: &Cli) -> Result<Arc<RealDisk>, Fault> {
    let config = read_config(&cli.plant)?;
    real_disk(&cli.plant, &config).map(|(disk, _)| disk)
}

fn durability(config: &Config) -> Durability {
    match config.plant.durability {
        config::Durability::Full => Durability::Full,
        config::Durability::None => Durability::None,
    }
}

fn real_disk(root: &Path, config: &Config) -> Result<(Arc<RealDisk>, Vec<String>), Fault> {
    RealDisk::open(root, durability(config)).map(|(disk, warnings)| (Arc::new(disk), warnings))
}

/// The plant's configuration.
///
/// # Errors
/// There is no plant, or CFG-01.
pub fn read_config(root: &Path) -> Result<Config, Fault> {
    let path = root.join(FILE_NAME);
    if !path.exists() {
        return Err(Fault::Usage(format!("{} is not a plant; `cardline init` makes one", root.display())));
    }
    Config::parse(&read_config_text(&path)?, FILE_NAME)
}

/// Configuration and profiles are small texts.
const CONFIG_BYTES_MAX: u64 = 1 << 20;

fn read_config_text(path: &Path) -> Result<String, Fault> {
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let refused = |why: String| Fault::Refused { code: Code::Cfg01, text: format!("{name}: {why}") };
    let length = std::fs::metadata(path).map_err(|e| refused(e.to_string()))?.len();
    if length > CONFIG_BYTES_MAX {
        return Err(refused(format!("{length} bytes, at most {CONFIG_BYTES_MAX}")));
    }
    std::fs::read_to_string(path).map_err(|e| refused(e.to_string()))
}

/// The system's clock, or one frozen by `--clock`.
///
/// # Errors
/// The time isn't RFC 3339.
pub fn clock(cli: &Cli) -> Result<Box<dyn Clock>, Fault> {
    let Some(text) = &cli.clock else { return Ok(Box::new(SystemClock)) };
    let at: jiff::Timestamp = text.parse().map_err(|_| Fault::Usage(format!("--clock: {text:?} is not RFC 3339")))?;
    Ok(Box::new(Frozen(at.as_millisecond())))
}

struct Frozen(Millis);

impl Clock for Frozen {
    fn now(&self) -> Millis {
        self.0
    }

    fn seconds(&self) -> f64 {
        SystemClock.seconds()
    }
}

/// Today in UTC, for commands without a plant.
#[must_use]
pub fn today() -> Date {
    civil_day(SystemClock.now(), 0)
}

/// A profile by built-in id, or from a file.
///
/// # Errors
/// Neither exists, or it can't be read.
pub fn profile_file_or_id(text: &str, day: Date) -> Result<Profile, Fault> {
    let path = Path::new(text);
    let refused = |text: String| Fault::Refused { code: Code::Cfg03, text };
    if path.is_file() { Profile::parse(&read_config_text(path)?, day).map_err(refused) } else { Profile::built_in(text, day).map_err(refused) }
}
