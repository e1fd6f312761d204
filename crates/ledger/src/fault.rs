//! `Fault`: the world failed. The one error type below the command line, and the one place that turns errors into exit codes.
//! Never about a record (that is a `Reason`) and never carries personal data: paths inside the plant, operations, numbers.

use std::io;

use card::Code;

/// errno values that mean "no room" (Linux): ENOSPC, EDQUOT.
const NO_ROOM: [i32; 2] = [28, 122];
/// errno values that mean "may not be written": EPERM, EACCES.
const NOT_ALLOWED: [i32; 2] = [1, 13];
/// errno value of a file system that has become read-only: EROFS.
const READ_ONLY: i32 = 30;

/// The world failed. Texts name operations and plant paths only.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// An operation on a file failed.
    #[error("{op} {path}: {source}")]
    Io { op: &'static str, path: String, source: io::Error },
    /// A sync failed: what was written may be lost. Never retried; the process ends (faults.md §3.8).
    #[error("sync {path}: {source}; what was written since the last commit may be lost, the next run writes it anew")]
    SyncFailed { path: String, source: io::Error },
    /// The disk or the quota is full.
    #[error("{op} {path}: no room on the disk ({source}); free some and run again")]
    DiskFull { op: &'static str, path: String, source: io::Error },
    /// The journal contradicts itself somewhere else than in its torn tail.
    #[error("JRN-02 journal damaged: {segment} at byte {offset}: {why}")]
    JournalDamaged { segment: String, offset: u64, why: String },
    /// A published file is not what was written.
    #[error("{path} damaged at byte {offset}: {why}")]
    FileDamaged { path: String, offset: u64, why: String },
    /// Written by a later version of the program.
    #[error("{what} has version {found}; this program reads up to {known}")]
    TooNew { what: String, found: u32, known: u32 },
    /// The index can't be used; it is set aside and rebuilt from the journal.
    #[error("index: {0}")]
    Index(String),
    /// Another run is using the plant.
    #[error("LCK-01 {0}")]
    Locked(String),
    /// Stopped on request, resumable by running again.
    #[error("stopped: {0}")]
    Stopped(String),
    /// A command or a file was refused with a published code.
    #[error("{code} {text}")]
    Refused { code: Code, text: String },
    /// A command-line argument is wrong.
    #[error("{0}")]
    Usage(String),
    /// A file an operator or a machine gave us can't be used.
    #[error("{0}")]
    BadInput(String),
    /// A program, device or file we depend on is missing.
    #[error("{0}")]
    Missing(String),
    /// The operator may not do this.
    #[error("{0}")]
    NotAllowed(String),
    /// The configuration can't be used.
    #[error("{0}")]
    Config(String),
    /// We broke a promise; nothing more is written.
    #[error("invariant broken: {0}")]
    Invariant(String),
}

/// Marks an `io::Error` as coming from a sync, so that it is told from a failed write after crossing `io::Result`.
#[derive(Debug)]
struct SyncMark(io::Error);

impl std::fmt::Display for SyncMark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sync: {}", self.0)
    }
}

impl std::error::Error for SyncMark {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Marks `source` as the error of a sync; [`Fault::io`] recognises it.
#[must_use]
pub fn sync_error(source: io::Error) -> io::Error {
    io::Error::new(source.kind(), SyncMark(source))
}

impl Fault {
    /// An error of `op` ("create", "write", "rename" …) on `path`; a full disk, a marked sync error and a wrapped `Fault` are recognised.
    #[must_use]
    pub fn io(op: &'static str, path: impl Into<String>, source: io::Error) -> Self {
        let path = path.into();
        match source.downcast::<Self>() {
            Ok(fault) => fault,
            Err(source) => match source.downcast::<SyncMark>() {
                Ok(mark) => Self::SyncFailed { path, source: mark.0 },
                Err(source) if is_no_room(&source) => Self::DiskFull { op, path, source },
                Err(source) => Self::Io { op, path, source },
            },
        }
    }

    /// An error of a sync of `path`.
    #[must_use]
    pub fn sync(path: impl Into<String>, source: io::Error) -> Self {
        Self::io("sync", path, sync_error(source))
    }

    /// For `map_err`: `disk.rename(a, b).map_err(Fault::on("rename", a))`.
    pub fn on(op: &'static str, path: &str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::io(op, path, source)
    }

    #[must_use]
    pub fn refused(code: Code, text: impl Into<String>) -> Self {
        Self::Refused { code, text: text.into() }
    }

    /// The process's exit code (faults.md §3).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 64,
            Self::BadInput(_) => 65,
            Self::Missing(_) => 69,
            Self::Invariant(_) => 70,
            Self::DiskFull { .. } => 73,
            Self::Io { op, source, .. } => io_exit_code(op, source),
            Self::SyncFailed { .. } => 74,
            // The index is made anew from the journal by whoever comes next: running again is all there is to do.
            Self::Locked(_) | Self::Stopped(_) | Self::Index(_) => 75,
            Self::NotAllowed(_) => 77,
            Self::JournalDamaged { .. } | Self::FileDamaged { .. } | Self::TooNew { .. } | Self::Config(_) => 78,
            Self::Refused { code, .. } => code_exit_code(*code),
        }
    }
}

/// Cannot create (permission, read-only file system) is told from the device failing.
fn io_exit_code(op: &str, source: &io::Error) -> u8 {
    match source.raw_os_error() {
        Some(READ_ONLY) => 73,
        Some(errno) if NOT_ALLOWED.contains(&errno) && op.starts_with("create") => 73,
        Some(errno) if NOT_ALLOWED.contains(&errno) => 77,
        _ => 74,
    }
}

/// Refusals exit by the family of their code.
fn code_exit_code(code: Code) -> u8 {
    match code.text().split('-').next() {
        // Not the configuration's fault: what the plant works with is gone.
        _ if code == Code::Key06 => 69,
        // The printer's fault, not the operator's; what is in doubt is as a stop is.
        _ if code == Code::Prn07 => 75,
        _ if matches!(code, Code::Prn03 | Code::Prn04 | Code::Prn05 | Code::Prn06) => 69,
        Some("USE") => 64,
        Some("CFG" | "JRN" | "IDX" | "KEY" | "BAK") => 78,
        Some("OUT") => 70,
        Some("DSK") => 73,
        Some("LCK") => 75,
        Some("AUT" | "HND" | "ENC" | "PRN" | "RMK" | "DST" | "CLS") => 77,
        _ => 65,
    }
}

fn is_no_room(source: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(source.kind(), StorageFull | QuotaExceeded) || source.raw_os_error().is_some_and(|errno| NO_ROOM.contains(&errno))
}

/// A value of ours that can't be put into its envelope is our mistake; reading one names the file: `Fault::FileDamaged`.
impl From<crate::envelope::EnvelopeError> for Fault {
    fn from(error: crate::envelope::EnvelopeError) -> Self {
        Self::Invariant(format!("envelope: {error}"))
    }
}

/// A fault may cross a closure that returns `io::Result`; [`Fault::io`] unwraps it again.
impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        Self::other(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errno(n: i32) -> io::Error {
        io::Error::from_raw_os_error(n)
    }

    #[test]
    fn a_full_disk_and_a_full_quota_are_told_from_a_failing_one() {
        assert!(matches!(Fault::io("write", "a", errno(28)), Fault::DiskFull { .. }));
        assert!(matches!(Fault::io("write", "a", errno(122)), Fault::DiskFull { .. }));
        assert_eq!(Fault::io("write", "a", errno(5)).exit_code(), 74);
        assert_eq!(Fault::io("write", "a", errno(28)).exit_code(), 73);
        assert_eq!(Fault::io("create", "a", errno(30)).exit_code(), 73);
        assert_eq!(Fault::io("read", "a", errno(13)).exit_code(), 77);
    }

    #[test]
    fn a_sync_error_is_recognised_even_when_it_says_no_room() {
        let crossed = Fault::io("write", "a", sync_error(errno(28)));
        assert!(matches!(crossed, Fault::SyncFailed { .. }), "{crossed}");
        assert_eq!(crossed.exit_code(), 74);
    }

    #[test]
    fn a_fault_survives_crossing_an_io_result() {
        let inner: io::Error = Fault::Locked("held by process 7".into()).into();
        assert_eq!(Fault::io("write", "a", inner).to_string(), "LCK-01 held by process 7");
    }

    #[test]
    fn every_refusal_has_the_exit_code_of_its_family() {
        let exit = |text| Fault::refused(Code::parse(text).unwrap(), "").exit_code();
        assert_eq!([exit("USE-01"), exit("PKG-03"), exit("CFG-01"), exit("LCK-01"), exit("RES-01")], [64, 65, 78, 75, 65]);
        assert_eq!([exit("AUT-01"), exit("JRN-03"), exit("IDX-02"), exit("OUT-04")], [77, 78, 78, 70]);
        assert_eq!([exit("KEY-01"), exit("PRG-01"), exit("DSK-01"), exit("HND-01"), exit("ENV-01")], [78, 65, 73, 77, 65]);
        assert_eq!(exit("KEY-06"), 69, "a token that is gone");
        assert_eq!([exit("ENC-07"), exit("DST-02"), exit("CLS-05"), exit("STK-03")], [77, 77, 77, 65]);
        assert_eq!([exit("PRN-01"), exit("PRN-03"), exit("PRN-05"), exit("PRN-07")], [77, 69, 69, 75]);
    }
}
