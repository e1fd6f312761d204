//! The world as it is: adapters on a real machine for the ports of `ledger` and `line`. Knows files, locks, clocks and memory;
//! knows no rule about applications and decides nothing.

pub mod allocator;
pub mod apart;
pub mod backup;
pub mod clock;
pub mod disk;
pub mod disk_watch;
pub mod envelope;
pub mod file_keys;
pub mod inbox;
pub mod keys;
pub mod lock;
pub mod locked;
pub mod machine;
mod map;
pub mod memory;
pub mod permit_key;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
pub mod print_readers;
pub mod printer;
#[cfg(feature = "pcsc")]
pub mod reader;
pub mod registers;
pub mod token_keys;
pub mod vault_key;
mod write_back;

pub use clock::SystemClock;
pub use disk::{Durability, RealDisk};
pub use envelope::AgeEnvelope;
pub use inbox::FolderInbox;
pub use lock::{DeviceLock, Lease, PlantLock, StaleLease};
pub use memory::{MemoryWatch, cpu_seconds};
pub use registers::{RegisterKind, Shelf};
pub use vault_key::{SystemEntropy, VaultKey};
