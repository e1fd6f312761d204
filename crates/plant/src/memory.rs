//! What a run uses of the machine: peak anonymous memory, CPU time. Figures for the summary; nothing decides by them.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often memory is looked at. Shorter peaks can be missed; what matters is growth over a run.
const PERIOD: Duration = Duration::from_millis(20);

/// Anonymous resident memory of this process now, in bytes: heap and stacks, not mapped files.
#[must_use]
pub fn anonymous_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    anonymous_of(&status).unwrap_or(0)
}

fn anonymous_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// CPU time this process has used so far, all threads, user and system.
#[must_use]
pub fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    std::time::Duration::try_from(time).unwrap_or_default().as_secs_f64()
}

/// Watches anonymous memory from a thread of its own until dropped.
pub struct MemoryWatch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    peak_bytes: AtomicU64,
    done: AtomicBool,
}

impl Shared {
    fn look(&self) {
        self.peak_bytes.fetch_max(anonymous_bytes(), Ordering::Relaxed);
    }
}

impl MemoryWatch {
    #[must_use]
    pub fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let watched = shared.clone();
        let watch = move || {
            while !watched.done.load(Ordering::Relaxed) {
                watched.look();
                std::thread::park_timeout(PERIOD);
            }
        };
        // A machine that can't give one more thread still gets the figures of the calls to `peak_bytes`.
        let thread = std::thread::Builder::new().name("memory-watch".to_owned()).spawn(watch).ok();
        Self { shared, thread }
    }

    /// Largest anonymous memory seen so far, in bytes.
    #[must_use]
    pub fn peak_bytes(&self) -> u64 {
        self.shared.look();
        self.shared.peak_bytes.load(Ordering::Relaxed)
    }
}

impl Drop for MemoryWatch {
    fn drop(&mut self) {
        self.shared.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_line_is_read_in_bytes() {
        assert_eq!(anonymous_of("VmRSS:\t  9 kB\nRssAnon:\t    1024 kB\nRssFile:\t 3 kB\n"), Some(1 << 20));
        assert_eq!(anonymous_of("Name: x\n"), None);
    }

    #[test]
    fn memory_that_was_used_and_given_back_is_remembered() {
        let watch = MemoryWatch::start();
        let before = watch.peak_bytes();
        // Opaque to the optimiser, which would otherwise never ask for the memory in a release build.
        let used = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(watch.peak_bytes() >= before + (60 << 20), "{} bytes in use", used.len());
        drop(used);
        assert!(watch.peak_bytes() >= before + (60 << 20));
    }

    #[test]
    fn work_costs_cpu_time() {
        let before = cpu_seconds();
        let digest = (0..2_000_u32).fold([0; 32], |state, _| card::Digest::of(&[state; 40].concat()).0);
        assert!(cpu_seconds() > before, "{digest:?}");
    }
}
