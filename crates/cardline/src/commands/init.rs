//! `cardline init`: makes a plant: its folders, its commented configuration, its keys and an empty ledger.

use std::path::Path;
use std::sync::Arc;

use ledger::book::Book;
use ledger::disk::Disk;
use ledger::entry::{Entry, PlantCreated};
use ledger::fault::Fault;
use ledger::index::SledIndex;
use ledger::publish::publish_bytes;
use line::ports::Clock;
use line::ports::Entropy as _;
use plant::keys::{PlantKeys, SECRET_BYTES};
use plant::{Durability, RealDisk, SystemEntropy};

use crate::cli::{Cli, InitArgs};
use crate::config::{COMMENTED_DEFAULT, FILE_NAME};
use crate::wiring;

/// Folders of a plant (issue 2, "The plant").
pub const FOLDERS: [&str; 7] = ["inbox", "vault", "registers", "ledger", "batches", "returns", "quarantine"];

pub fn init(cli: &Cli, args: &InitArgs) -> Result<u8, Fault> {
    let entropy = match args.test_seed {
        Some(seed) => entropy_of_seed(seed),
        None => entropy()?,
    };
    create(&cli.plant, &entropy, &*wiring::clock(cli)?, COMMENTED_DEFAULT)?;
    println!("plant made in {}", cli.plant.display());
    Ok(0)
}

/// Makes a plant in an absent or empty folder.
///
/// # Errors
/// Something is there already, or the disk fails.
pub fn create(root: &Path, entropy: &[u8; SECRET_BYTES], clock: &dyn Clock, config: &str) -> Result<(), Fault> {
    if root.join(FILE_NAME).exists() || root.join("ledger").exists() {
        return Err(Fault::Usage(format!("{} is a plant already", root.display())));
    }
    std::fs::create_dir_all(root).map_err(|e| Fault::io("create", root.display().to_string(), e))?;
    let (disk, warnings) = RealDisk::open(root, Durability::Full)?;
    warnings.iter().for_each(|w| tell!("{w}"));
    let disk = Arc::new(disk);
    for folder in FOLDERS {
        disk.create_dir(folder).map_err(|e| Fault::io("create", folder, e))?;
    }
    let keys = PlantKeys::create(&*disk, entropy)?;
    let plant_id = format!("plant-{}", &card::Digest::of(keys.public_key().as_bytes()).to_string()[..12]);
    let (index, _) = SledIndex::open(&root.join("ledger/index"), 1 << 20, &plant::machine::boot_id())?;
    let mut book = Book::create(disk.clone(), Box::new(index), &plant_id)?;
    let program = concat!("cardline ", env!("CARGO_PKG_VERSION")).to_owned();
    book.record(&Entry::PlantCreated(PlantCreated { plant_id, program, at: clock.now() }))?;
    book.close()?;
    // The configuration comes last: a folder with it is a whole plant.
    publish_bytes(&*disk, FILE_NAME, config.as_bytes())?;
    Ok(())
}

/// Bytes from the system's generator.
fn entropy() -> Result<[u8; SECRET_BYTES], Fault> {
    let mut bytes = [0; SECRET_BYTES];
    SystemEntropy.fill(&mut bytes)?;
    Ok(bytes)
}

/// Secrets anyone can derive: for rehearsals that must come out byte for byte the same.
#[must_use]
pub fn entropy_of_seed(seed: u64) -> [u8; SECRET_BYTES] {
    let third = |tag: &str| card::Digest::of(format!("cardline test plant {tag} {seed}").as_bytes()).0;
    let mut bytes = [0; SECRET_BYTES];
    for (part, tag) in bytes.chunks_mut(32).zip(["pepper", "key", "vault"]) {
        part.copy_from_slice(&third(tag));
    }
    bytes
}
