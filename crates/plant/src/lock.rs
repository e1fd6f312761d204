//! One run at a time: `flock` on `ledger/lock`, with a lease inside that says who holds it. The kernel releases the lock of a dead
//! process; the lease it left behind tells the next one that the stop was not clean. Taking over is the caller's decision. A device that
//! is at work for hours has a lock of its own, `ledger/lock.NAME`, so that the plant's is free meanwhile.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use ledger::entry::Millis;
use ledger::fault::Fault;
use serde::{Deserialize, Serialize};

use crate::machine;

/// Path of the lock in the plant.
pub const LOCK_PATH: &str = "ledger/lock";
const PLANT: &str = "the plant";
/// A lease is a line of JSON; whatever is longer is not one.
const LEASE_BYTES_MAX: u64 = 4096;
/// How long a lock held by nobody alive is waited for: a process becomes its own program within milliseconds, on a busy machine within
/// tenths of a second.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(5);

/// Who holds the lock.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Lease {
    pub host: String,
    pub pid: u32,
    pub boot_id: String,
    /// Clock ticks after boot at which the process started: tells it from a later one of the same number.
    pub start_time: u64,
    pub command: String,
    /// UTC, milliseconds since 1970.
    pub since: Millis,
}

/// A lease whose process is gone: that run did not stop cleanly.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StaleLease {
    /// `None` when the lease itself was torn.
    pub lease: Option<Lease>,
    /// For the operator and the record.
    pub report: String,
}

/// A locked file with a lease in it.
#[derive(Debug)]
struct Held {
    file: File,
    path: String,
}

impl Held {
    /// `what` is in use where the lock is another's.
    fn take(root: &Path, path: String, what: &str, command: &str, now: Millis) -> Result<(Self, Option<StaleLease>), Fault> {
        let mut file = open(&root.join(&path), &path)?;
        lock(&mut file, &path, what)?;
        let stale = read_lease(&mut file, &path)?.into_stale();
        let mut held = Self { file, path };
        let lease = serde_json::to_vec(&Lease::of_this_process(command, now)).map_err(|e| Fault::io("write", &held.path, e.into()))?;
        held.write(&lease)?;
        Ok((held, stale))
    }

    fn write(&mut self, lease: &[u8]) -> Result<(), Fault> {
        let file = &mut self.file;
        let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(lease));
        written.map_err(Fault::on("write", &self.path))?;
        self.file.sync_data().map_err(|e| Fault::sync(&self.path, e))
    }
}

/// The lock, held until released or dropped. Dropped without `release` it counts as an unclean stop.
#[derive(Debug)]
pub struct PlantLock(Held);

impl PlantLock {
    /// Takes the lock of the plant at `root`. `command` and `now` go into the lease.
    ///
    /// # Errors
    /// [`Fault::Locked`] with who holds it and whether it is alive; or the file system's.
    pub fn take(root: &Path, command: &str, now: Millis) -> Result<(Self, Option<StaleLease>), Fault> {
        let (held, stale) = Held::take(root, LOCK_PATH.to_owned(), PLANT, command, now)?;
        Ok((Self(held), stale))
    }

    /// Keeps runs out while something is looked at: takes the lock but leaves the lease in it as it is. `None`: the plant was never
    /// run, there is no lock to take.
    ///
    /// # Errors
    /// As [`PlantLock::take`].
    pub fn hold(root: &Path) -> Result<Option<Self>, Fault> {
        let mut file = match File::open(root.join(LOCK_PATH)) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Fault::io("open", LOCK_PATH, e)),
        };
        lock(&mut file, LOCK_PATH, PLANT)?;
        Ok(Some(Self(Held { file, path: LOCK_PATH.to_owned() })))
    }

    /// Ends the lease cleanly.
    ///
    /// # Errors
    /// The file system's.
    pub fn release(mut self) -> Result<(), Fault> {
        self.0.write(b"")
    }
}

/// A device is at work: nothing else is sent to it, and nobody says what became of what was, until it is released or dropped.
#[derive(Debug)]
pub struct DeviceLock(Held);

impl DeviceLock {
    /// Takes the lock of a device of the plant at `root`. A lease left behind in it says nothing: what the device was doing stands in the ledger.
    ///
    /// # Errors
    /// [`Fault::Locked`] with who holds it; or the file system's.
    pub fn take(root: &Path, device: &str, command: &str, now: Millis) -> Result<Self, Fault> {
        Held::take(root, device_path(device), device, command, now).map(|(held, _)| Self(held))
    }

    /// Who is at work with the device, if somebody is. Looks only; takes no lock.
    #[must_use]
    pub fn holder(root: &Path, device: &str) -> Option<String> {
        let path = device_path(device);
        match read_lease(&mut File::open(root.join(&path)).ok()?, &path).ok()? {
            Left::Lease(lease) if lease.is_alive() == Some(true) => Some(lease.shown()),
            Left::Nothing | Left::Lease(_) | Left::Torn => None,
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// The file system's.
    pub fn release(mut self) -> Result<(), Fault> {
        self.0.write(b"")
    }
}

fn device_path(device: &str) -> String {
    format!("{LOCK_PATH}.{device}")
}

impl Lease {
    fn of_this_process(command: &str, since: Millis) -> Self {
        let pid = std::process::id();
        let start_time = machine::process_start(pid).unwrap_or(0);
        Self { host: machine::host(), pid, boot_id: machine::boot_id(), start_time, command: command.to_owned(), since }
    }

    /// Whether that very process is running; `None` when it is another machine's and can't be known here.
    fn is_alive(&self) -> Option<bool> {
        if self.host != machine::host() {
            return None;
        }
        Some(self.boot_id == machine::boot_id() && machine::process_start(self.pid) == Some(self.start_time))
    }

    fn shown(&self) -> String {
        let since =
            jiff::Timestamp::from_millisecond(self.since).map_or_else(|_| "an unknown time".to_owned(), |t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        format!("process {} ({}) on {} since {since}", self.pid, self.command, self.host)
    }
}

/// What the lock file holds.
enum Left {
    Nothing,
    Lease(Lease),
    Torn,
}

impl Left {
    /// Whether it is the lease of a process that ended on this machine.
    fn is_gone(&self) -> bool {
        matches!(self, Self::Lease(lease) if lease.is_alive() == Some(false))
    }

    fn into_stale(self) -> Option<StaleLease> {
        match self {
            Self::Nothing => None,
            Self::Torn => Some(StaleLease { lease: None, report: "the last run left an unreadable lease: it did not stop cleanly".to_owned() }),
            Self::Lease(lease) => {
                let report = format!("{} did not stop cleanly: {}", lease.shown(), how_it_ended(&lease));
                Some(StaleLease { lease: Some(lease), report })
            }
        }
    }
}

fn how_it_ended(lease: &Lease) -> &'static str {
    match lease.is_alive() {
        Some(true) => "it is still there but holds the lock no more",
        Some(false) if lease.boot_id != machine::boot_id() => "the machine was started again since",
        Some(false) => "the process is gone",
        None => "it ran on another machine",
    }
}

fn held_report(left: &Left, what: &str) -> String {
    match left {
        Left::Lease(lease) => {
            let state = match lease.is_alive() {
                Some(true) => "it is running",
                Some(false) => "it is gone, but the lock is held by another process that has not signed yet",
                None => "it runs on another machine",
            };
            format!("{what} is in use by {}; {state}", lease.shown())
        }
        Left::Nothing | Left::Torn => format!("{what} is in use by a process that has not signed its lease yet"),
    }
}

/// Locks the file, or says who holds it. A process just started by one that was killed has all its open files, the lock among them,
/// until it has become its own program: a lock nobody alive has signed for is asked for again for a while.
fn lock(file: &mut File, path: &str, what: &str) -> Result<(), Fault> {
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(e)) => return Err(Fault::io("lock", path, e)),
            Err(TryLockError::WouldBlock) => {}
        }
        let left = read_lease(file, path)?;
        if !left.is_gone() || since.elapsed() >= PATIENCE {
            return Err(Fault::Locked(held_report(&left, what)));
        }
        thread::sleep(LOOK);
    }
}

fn open(file: &Path, path: &str) -> Result<File, Fault> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC);
    options.open(file).map_err(Fault::on("open", path))
}

fn read_lease(file: &mut File, path: &str) -> Result<Left, Fault> {
    let mut text = Vec::new();
    let read = file.rewind().and_then(|()| file.take(LEASE_BYTES_MAX).read_to_end(&mut text));
    read.map_err(Fault::on("read", path))?;
    if text.is_empty() {
        return Ok(Left::Nothing);
    }
    Ok(serde_json::from_slice(&text).map_or(Left::Torn, Left::Lease))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn plant() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("ledger")).unwrap();
        folder
    }

    #[test]
    fn a_second_run_is_told_who_holds_the_plant() {
        let plant = plant();
        let (held, stale) = PlantLock::take(plant.path(), "cardline run", 0).unwrap();
        assert_eq!(stale, None);
        let refused = PlantLock::take(plant.path(), "cardline intake", 1).unwrap_err();
        let text = refused.to_string();
        assert!(
            text.starts_with("LCK-01 ") && text.contains(&format!("process {} (cardline run)", std::process::id())) && text.contains("it is running"),
            "{text}"
        );
        assert_eq!(refused.exit_code(), 75);
        held.release().unwrap();
        assert_eq!(PlantLock::take(plant.path(), "cardline run", 2).unwrap().1, None);
    }

    #[test]
    fn a_run_that_died_is_reported_to_the_next_one() {
        let plant = plant();
        drop(PlantLock::take(plant.path(), "cardline run", 0).unwrap());
        let (lock, stale) = PlantLock::take(plant.path(), "cardline run", 1).unwrap();
        assert_eq!(stale.unwrap().lease.unwrap().pid, std::process::id());
        lock.release().unwrap();
    }

    #[test]
    fn the_reports_tell_a_dead_process_a_reboot_another_machine_and_a_torn_lease_apart() {
        let ours = Lease::of_this_process("cardline run", 1_700_000_000_000);
        let report = |lease: Lease| Left::Lease(lease).into_stale().unwrap().report;
        assert!(report(Lease { pid: u32::MAX, ..ours.clone() }).contains("the process is gone"));
        assert!(report(Lease { start_time: 1, ..ours.clone() }).contains("the process is gone"), "the number was given again");
        assert!(report(Lease { boot_id: "another".into(), ..ours.clone() }).contains("started again"));
        assert!(report(Lease { host: "another".into(), ..ours.clone() }).contains("another machine"));
        assert!(report(ours).contains("since 2023-11-14T22:13:20Z"));
        assert_eq!(Left::Torn.into_stale().unwrap().lease, None);
    }

    #[test]
    fn looking_keeps_runs_out_and_changes_nothing() {
        let plant = plant();
        assert!(PlantLock::hold(plant.path()).unwrap().is_none());
        drop(PlantLock::take(plant.path(), "c", 0).unwrap());
        let before = fs::read(plant.path().join(LOCK_PATH)).unwrap();
        let held = PlantLock::hold(plant.path()).unwrap();
        assert_eq!(PlantLock::take(plant.path(), "c", 0).unwrap_err().exit_code(), 75);
        drop(held);
        assert_eq!(fs::read(plant.path().join(LOCK_PATH)).unwrap(), before);
    }

    /// What a process started by the one that was killed does until it has become its own program.
    #[test]
    fn a_lock_that_nobody_alive_signed_for_is_waited_for() {
        let plant = plant();
        let mut dead = PlantLock::take(plant.path(), "c", 0).unwrap().0;
        dead.0.write(&serde_json::to_vec(&Lease { pid: u32::MAX, ..Lease::of_this_process("c", 0) }).unwrap()).unwrap();
        let inherited = dead.0.file.try_clone().unwrap();
        drop(dead);
        let child = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            drop(inherited);
        });
        assert!(PlantLock::take(plant.path(), "c", 1).unwrap().1.is_some());
        child.join().unwrap();
    }

    #[test]
    fn a_device_at_work_has_a_lock_of_its_own() {
        let plant = plant();
        assert_eq!(DeviceLock::holder(plant.path(), "ip-1"), None);
        let held = DeviceLock::take(plant.path(), "ip-1", "print", 0).unwrap();
        let refused = DeviceLock::take(plant.path(), "ip-1", "print", 1).unwrap_err().to_string();
        assert!(refused.starts_with("LCK-01 ") && refused.contains("ip-1 is in use by process"), "{refused}");
        assert!(DeviceLock::holder(plant.path(), "ip-1").unwrap().contains("(print)"));
        DeviceLock::take(plant.path(), "ip-2", "print", 0).unwrap().release().unwrap();
        PlantLock::take(plant.path(), "run", 0).unwrap().0.release().unwrap();
        held.release().unwrap();
        assert_eq!(DeviceLock::holder(plant.path(), "ip-1"), None);
        // One that died with it, in its place here one that dropped it, is at work no more.
        drop(DeviceLock::take(plant.path(), "ip-1", "print", 0).unwrap());
        DeviceLock::take(plant.path(), "ip-1", "print", 1).unwrap();
    }

    #[test]
    fn a_torn_lease_does_not_stop_the_next_run() {
        let plant = plant();
        fs::write(plant.path().join(LOCK_PATH), "{\"host\":\"x").unwrap();
        assert!(PlantLock::take(plant.path(), "c", 0).unwrap().1.is_some());
    }
}
