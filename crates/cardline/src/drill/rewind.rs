//! Yesterday's packages, as they came, in the inbox of a new plant in memory: nothing of the plant they are taken from is changed, and
//! none of its secrets leaves it. The new plant has keys of its own.

use std::path::Path;
use std::sync::Arc;

use ledger::book::Book;
use ledger::disk::Disk;
use ledger::entry::{Entry, Millis, PlantCreated};
use ledger::fault::Fault;
use ledger::index::MemIndex;
use line::ports::Entropy as _;
use line::vault::Vault;
use plant::SystemEntropy;
use plant::keys::{PlantKeys, SECRET_BYTES};
use testkit::world::{SimDisk, State};

use crate::cli::Cli;
use crate::commands::init::FOLDERS;
use crate::wiring;

/// Contents of packages taken; all of a rehearsal is in memory, several times over.
const REHEARSED_BYTES_MAX: u64 = 64 << 20;
const SECOND: Millis = 1_000;

/// A plant at the evening before.
pub struct Evening {
    pub state: State,
    /// A whole second after its packages had all arrived.
    pub at: Millis,
    pub packages: u64,
    pub applications: u64,
}

/// The newest packages that are still there, `packages_max` at most.
///
/// # Errors
/// There is no plant, none of its packages is there, or it can't be read.
pub fn evening(cli: &Cli, packages_max: u64) -> Result<Evening, Fault> {
    let (disk, book) = (wiring::disk(cli)?, wiring::look(cli)?);
    let keys = PlantKeys::open(&*disk)?;
    let vault = Vault::of(disk.clone(), Arc::new(keys.vault.clone()), Arc::new(SystemEntropy), &book);
    let rehearsed = SimDisk::default();
    for folder in FOLDERS {
        rehearsed.create_dir(folder).map_err(|e| Fault::io("create", folder, e))?;
    }
    let mut evening = Evening { state: State::default(), at: book.run()?.map_or(0, |r| r.frozen_at), packages: 0, applications: 0 };
    let (mut bytes, mut number) = (0, book.next_numbers()?.0);
    while evening.packages < packages_max && number > 0 {
        number -= 1;
        let Some(package) = book.package(number)?.filter(|p| p.purged.is_none()) else { continue };
        let contents = vault.contents(number)?;
        bytes += contents.entries().map(|e| e.len_bytes()).sum::<u64>();
        if bytes > REHEARSED_BYTES_MAX && evening.packages > 0 {
            break;
        }
        for entry in contents.entries() {
            let content = entry.content().map_err(|e| e.at(&package.received.vault_path))?;
            rehearsed.put(&format!("inbox/{number:08}/{}", entry.name()), &content);
        }
        evening.at = evening.at.max(package.received.received_at);
        evening.packages += 1;
        evening.applications += u64::from(package.received.count);
    }
    if evening.packages == 0 {
        return Err(Fault::Usage("the plant has no package to rehearse with".to_owned()));
    }
    // `--clock` has whole seconds.
    evening.at = evening.at.div_euclid(SECOND) * SECOND + SECOND;
    begin(&rehearsed, &*disk, &book, evening.at)?;
    rehearsed.settle();
    evening.state = rehearsed.state();
    Ok(evening)
}

/// Keys, an empty ledger, and the registers in force.
fn begin(rehearsed: &SimDisk, disk: &dyn Disk, book: &Book, at: Millis) -> Result<(), Fault> {
    let mut entropy = zeroize::Zeroizing::new([0; SECRET_BYTES]);
    SystemEntropy.fill(entropy.as_mut_slice())?;
    PlantKeys::create(rehearsed, &entropy)?;
    let mut begun = Book::create(Arc::new(rehearsed.clone()), Box::new(MemIndex::default()), "plant-drill")?;
    let mut registers = book.registers()?;
    // By kind in the book; a ledger's times never go back.
    registers.sort_by_key(|r| r.at);
    let at = registers.first().map_or(at, |r| at.min(r.at));
    begun.record(&Entry::PlantCreated(PlantCreated { plant_id: "plant-drill".to_owned(), program: "drill".to_owned(), at }))?;
    for register in registers {
        rehearsed.put(&register.path, &disk.read(&register.path).map_err(|e| Fault::io("read", &register.path, e))?);
        begun.record(&Entry::RegisterImported(register))?;
    }
    begun.close()
}

/// Lays the plant down in an empty folder, with its configuration. Not durably: it is a rehearsal.
///
/// # Errors
/// The disk fails.
pub fn lay_down(state: &State, root: &Path, texts: &[(String, String)]) -> Result<(), Fault> {
    std::fs::create_dir_all(root).map_err(|e| Fault::io("create", root.display().to_string(), e))?;
    let (disk, _) = plant::RealDisk::open(root, plant::Durability::None)?;
    let texts = texts.iter().map(|(path, text)| (path.clone(), Arc::new(text.clone().into_bytes())));
    for folder in FOLDERS {
        disk.create_dir(folder).map_err(|e| Fault::io("create", folder, e))?;
    }
    for (path, content) in state.files("").into_iter().chain(texts) {
        if let Some((folder, _)) = path.rsplit_once('/') {
            disk.create_dir(folder).map_err(|e| Fault::io("create", folder, e))?;
        }
        ledger::publish::publish_bytes(&disk, &path, &content)?;
    }
    Ok(())
}
