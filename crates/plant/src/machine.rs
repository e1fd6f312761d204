//! What identifies this machine, its current boot and a process on it: for leases and for the index's marker. Linux.

use std::{fs, io};

/// The machine's name.
#[must_use]
pub fn host() -> String {
    first_line("/proc/sys/kernel/hostname")
}

/// Changes with every boot; empty where the kernel doesn't say.
#[must_use]
pub fn boot_id() -> String {
    first_line("/proc/sys/kernel/random/boot_id")
}

/// When a process started, in clock ticks since boot; `None` if there is no such process. With the boot id it tells a
/// process from a later one that was given the same number.
#[must_use]
pub fn process_start(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command's name, in parentheses, may hold anything; the fields after it are plain. Start time is field 22.
    let after_name = stat.rsplit_once(')')?.1;
    after_name.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// From here on the process leaves no core behind, whatever the machine does with cores, and nobody but root may look into its memory: it holds keys.
///
/// # Errors
/// The kernel refuses.
pub fn forbid_core_dumps() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

fn first_line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_core_is_left_after_it_was_forbidden() {
        use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};
        forbid_core_dumps().unwrap();
        assert_eq!((getrlimit(Resource::Core).current, dumpable_behavior().ok()), (Some(0), Some(DumpableBehavior::NotDumpable)));
    }

    #[test]
    fn this_process_started_after_its_machine_and_no_process_has_the_last_number() {
        assert!(process_start(std::process::id()).is_some_and(|ticks| ticks > 0));
        assert_eq!(process_start(u32::MAX), None);
        assert_eq!(boot_id(), boot_id());
    }
}
