//! The one way work runs in parallel here: a feeder thread ahead, a rayon pool in the middle, the calling thread settling
//! results in feeding order. A permit per item, given back when it is settled, bounds memory however slow one item is
//! (engine.md §4.1). Nothing in the pool waits for a channel or for other work of the pool; a worker may wait for a lock
//! whose holder does neither (`JobMaker::press`).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use ledger::fault::Fault;
use rayon::ThreadPool;

/// How a feeder hands over an item; `false` means the other side has failed and feeding should end.
pub type Put<'a, T> = dyn FnMut(T) -> bool + 'a;

/// Feeds items, works on them in parallel, settles the results in order.
///
/// # Errors
/// The feeder's or the settler's fault; of both, the one that explains the other.
pub fn pump<T: Send, R: Send>(
    pool: &ThreadPool,
    permits: usize,
    feed: impl FnOnce(&mut Put<T>) -> Result<(), Fault> + Send,
    work: impl Fn(T) -> R + Sync,
    mut settle: impl FnMut(R) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let (permit_back, permit) = bounded(permits.max(1));
    for _ in 0..permits.max(1) {
        let _ = permit_back.send(());
    }
    let (done, results) = unbounded();
    let failed = AtomicBool::new(false);
    let (failed, work) = (&failed, &work);
    std::thread::scope(|threads| {
        let feeder = threads.spawn(move || feed_pool(pool, permit, done, failed, feed, work));
        let settled = settle_in_order(&results, &permit_back, &mut settle);
        failed.store(settled.is_err(), Ordering::Relaxed);
        drop((permit_back, results));
        let fed = feeder.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match (settled, fed) {
            (Err(settler), Err(feeder)) => Err(cause(settler, feeder)),
            (settled, fed) => settled.and(fed),
        }
    })
}

/// Of two faults the one that explains the other: after a refused write the journal answers whoever comes next that it can't be used,
/// which looks like a broken promise of ours and is none.
fn cause(settler: Fault, feeder: Fault) -> Fault {
    if matches!(settler, Fault::Invariant(_)) { feeder } else { settler }
}

fn feed_pool<T: Send, R: Send>(
    pool: &ThreadPool,
    permit: Receiver<()>,
    done: Sender<(u64, R)>,
    failed: &AtomicBool,
    feed: impl FnOnce(&mut Put<T>) -> Result<(), Fault>,
    work: &(impl Fn(T) -> R + Sync),
) -> Result<(), Fault> {
    pool.in_place_scope(|scope| {
        let mut next = 0_u64;
        let mut put = |item: T| {
            if failed.load(Ordering::Relaxed) || permit.recv().is_err() {
                return false;
            }
            let (number, done) = (next, done.clone());
            next += 1;
            // The channel is unbounded but never holds more than the permits.
            scope.spawn(move |_| drop(done.send((number, work(item)))));
            true
        };
        feed(&mut put)
    })
}

fn settle_in_order<R>(results: &Receiver<(u64, R)>, permit_back: &Sender<()>, settle: &mut impl FnMut(R) -> Result<(), Fault>) -> Result<(), Fault> {
    let mut waiting = BTreeMap::new();
    let mut next = 0_u64;
    for (number, result) in results {
        waiting.insert(number, result);
        while let Some(result) = waiting.remove(&next) {
            settle(result)?;
            next += 1;
            let _ = permit_back.send(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(threads: usize) -> ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
    }

    #[test]
    fn results_come_in_order_and_never_more_than_the_permits_wait() {
        for threads in [1, 2, 5] {
            let (alive, peak) = (std::sync::atomic::AtomicUsize::new(0), std::sync::atomic::AtomicUsize::new(0));
            let mut seen = Vec::new();
            let feed = |put: &mut Put<u64>| {
                (0..500).for_each(|i| {
                    assert!(put(i));
                });
                Ok(())
            };
            let work = |i: u64| {
                peak.fetch_max(alive.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                if i.is_multiple_of(50) {
                    std::thread::sleep(std::time::Duration::from_millis(3));
                }
                i
            };
            pump(&pool(threads), 7, feed, work, |i| {
                alive.fetch_sub(1, Ordering::SeqCst);
                seen.push(i);
                Ok(())
            })
            .unwrap();
            assert_eq!(seen, (0..500).collect::<Vec<_>>());
            assert!(peak.load(Ordering::SeqCst) <= 7);
        }
    }

    #[test]
    fn a_failing_writer_stops_the_feeder() {
        let fed = std::sync::atomic::AtomicUsize::new(0);
        let feed = |put: &mut Put<u64>| {
            while put(1) {
                fed.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        };
        let result = pump(&pool(2), 4, feed, |i| i, |_| Err(Fault::Invariant("no".to_owned())));
        assert!(matches!(result, Err(Fault::Invariant(_))));
        assert!(fed.load(Ordering::SeqCst) <= 16);
    }

    /// Both sides write to one journal: a disk that refuses the feeder breaks it for the settler too.
    #[test]
    fn the_world_s_fault_is_told_and_not_what_came_of_it() {
        let no_room = || Fault::io("write", "journal", std::io::Error::from_raw_os_error(28));
        let unusable = || Fault::Invariant("used after a failed write".to_owned());
        let both = |feeder: fn() -> Fault, settler: fn() -> Fault| {
            let feed = |put: &mut Put<u64>| {
                put(1);
                Err(feeder())
            };
            pump(&pool(2), 4, feed, |i| i, |_| Err(settler())).unwrap_err().exit_code()
        };
        assert_eq!((both(no_room, unusable), both(unusable, no_room), both(unusable, unusable)), (73, 73, 70));
    }

    #[test]
    fn a_failing_feeder_is_reported_after_its_items_are_settled() {
        let mut settled = 0;
        let feed = |put: &mut Put<u64>| {
            put(1);
            Err(Fault::Invariant("inbox".to_owned()))
        };
        let result = pump(
            &pool(2),
            4,
            feed,
            |i| i,
            |_| {
                settled += 1;
                Ok(())
            },
        );
        assert!(result.is_err());
        assert_eq!(settled, 1);
    }
}
