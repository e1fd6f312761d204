//! What identifies this machine, its current boot and a process on it: for leases and for the index's marker. Linux.

use std::fs;

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

fn first_line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_started_after_its_machine_and_no_process_has_the_last_number() {
        assert!(process_start(std::process::id()).is_some_and(|ticks| ticks > 0));
        assert_eq!(process_start(u32::MAX), None);
        assert_eq!(boot_id(), boot_id());
    }
}
