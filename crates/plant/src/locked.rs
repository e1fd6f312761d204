//! Keeping keys out of the swap file: the pages they lie in are locked. They are never unlocked, because a page may hold several keys; the
//! lock goes with the page. What is told when it can't be done is the caller's business (KEY-05).

use std::io;

use chip::Place;

/// Locks the pages of some secrets in memory for as long as they are mapped.
///
/// # Errors
/// The kernel refuses: mostly the limit of locked memory (RLIMIT_MEMLOCK).
#[allow(unsafe_code, reason = "mlock has no safe form; it reads and writes nothing, and an address that isn't mapped is an error")]
pub fn lock(places: &[Place]) -> io::Result<()> {
    for place in places {
        // SAFETY: the kernel only marks the pages of this range; the memory keeps its content and its owner.
        unsafe { rustix::mm::mlock(place.address.cast_mut().cast(), place.bytes) }?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kilobytes of this process that are locked.
    fn locked_kb() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|l| l.strip_prefix("VmLck:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[test]
    fn pages_are_locked_and_what_is_not_there_is_refused() {
        let secret = vec![7_u8; 64 * 1024];
        let before = locked_kb();
        lock(&[Place { address: secret.as_ptr(), bytes: secret.len() }]).unwrap();
        assert!(locked_kb() >= before + 64);
        assert_eq!(secret[60_000], 7);
        assert!(lock(&[Place { address: std::ptr::without_provenance(4096), bytes: 16 }]).is_err(), "nothing is mapped there");
    }
}
