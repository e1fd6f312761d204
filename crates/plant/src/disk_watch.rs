//! How long the disk keeps its users waiting: what is under way, and the longest wait so far. A dying disk often shows itself by
//! seconds a sync, hours before it fails. It only looks: no call is given up, and nothing is decided by time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often calls under way are looked at.
const PERIOD: Duration = Duration::from_millis(250);

/// One call that was, or is being, waited for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wait {
    /// "sync of ledger/journal-000001.log".
    pub what: String,
    pub lasted: Duration,
}

/// Calls under way, by when they began.
#[derive(Default)]
pub struct DiskWatch {
    under_way: Mutex<BTreeMap<u64, (Instant, String)>>,
    begun: AtomicU64,
    longest: Mutex<Option<Wait>>,
}

impl DiskWatch {
    /// Does `work` while it counts as waiting for `operation` on `path`.
    pub fn wait<T>(&self, operation: &str, path: &str, work: impl FnOnce() -> T) -> T {
        let (number, since) = (self.begun.fetch_add(1, Ordering::Relaxed), Instant::now());
        guard(&self.under_way).insert(number, (since, format!("{operation} of {path}")));
        let done = work();
        let ended = guard(&self.under_way).remove(&number);
        let mut longest = guard(&self.longest);
        let lasted = since.elapsed();
        if let Some((_, what)) = ended
            && longest.as_ref().is_none_or(|l| l.lasted < lasted)
        {
            *longest = Some(Wait { what, lasted });
        }
        done
    }

    /// The call that has been under way longest, with its number.
    #[must_use]
    pub fn oldest_under_way(&self) -> Option<(u64, Wait)> {
        let under_way = guard(&self.under_way);
        under_way.first_key_value().map(|(number, (since, what))| (*number, Wait { what: what.clone(), lasted: since.elapsed() }))
    }

    /// The longest wait that has ended.
    #[must_use]
    pub fn longest(&self) -> Option<Wait> {
        guard(&self.longest).clone()
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells of every call that takes longer than `limit`, once, while it lasts; until dropped.
pub struct SlowDiskAlarm {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl SlowDiskAlarm {
    #[must_use]
    pub fn start(watch: Arc<DiskWatch>, limit: Duration, tell: impl Fn(&Wait) + Send + 'static) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let ended = done.clone();
        let look = move || {
            let mut told = None;
            while !ended.load(Ordering::Relaxed) {
                if let Some((number, wait)) = watch.oldest_under_way().filter(|(number, wait)| wait.lasted > limit && told != Some(*number)) {
                    tell(&wait);
                    told = Some(number);
                }
                std::thread::park_timeout(PERIOD);
            }
        };
        // Without the thread the run goes on all the same: it only lacks the alarm.
        let thread = std::thread::Builder::new().name("slow-disk".to_owned()).spawn(look).ok();
        Self { done, thread }
    }
}

impl Drop for SlowDiskAlarm {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn what_is_under_way_is_seen_and_what_took_longest_is_kept() {
        let watch = DiskWatch::default();
        assert_eq!((watch.oldest_under_way(), watch.longest()), (None, None));
        let seen = watch.wait("sync", "ledger/a", || {
            watch.wait("write", "b", || ());
            watch.oldest_under_way()
        });
        assert_eq!(seen.map(|(number, wait)| (number, wait.what)), Some((0, "sync of ledger/a".to_owned())));
        // The outer call lasted longer than the one within it.
        assert_eq!(watch.longest().map(|w| w.what), Some("sync of ledger/a".to_owned()));
        assert_eq!(watch.oldest_under_way(), None);
    }

    #[test]
    fn a_call_beyond_the_limit_is_told_once_while_it_lasts() {
        let watch = Arc::new(DiskWatch::default());
        let (tell, told) = mpsc::channel();
        let alarm = SlowDiskAlarm::start(watch.clone(), Duration::ZERO, move |wait| tell.send(wait.what.clone()).unwrap());
        // The call ends only when it has been told of.
        let first = watch.wait("sync", "a", || told.recv().unwrap());
        drop(alarm);
        assert_eq!((first.as_str(), told.iter().count()), ("sync of a", 0));
    }
}
