//! The one way work runs in parallel here: a feeder thread ahead, workers in the middle, the calling thread settling
//! results in feeding order. The workers are a rayon pool, or plain threads where the work asks the face networks, whose engine
//! must not be entered from a pool of others (infer.md §5). A permit per item, given back when it is settled, bounds memory however slow one item is
//! (engine.md §4.1). Nothing in the pool waits for a channel or for other work of the pool; a worker may wait for a lock
//! whose holder does neither (`JobMaker::press`).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use ledger::fault::Fault;
use rayon::ThreadPool;

/// How a feeder hands over an item; `false` means the other side has failed and feeding should end.
pub type Put<'a, T> = dyn FnMut(T) -> bool + 'a;

/// Who does the work.
#[derive(Clone, Copy)]
pub enum Hands<'a> {
    Pool(&'a ThreadPool),
    /// So many plain threads, each of which runs all its work inside `enter`.
    Threads {
        count: usize,
        enter: &'a (dyn Fn(&mut (dyn FnMut() + Send)) + Sync),
    },
}

/// Feeds items, works on them in parallel, settles the results in order.
///
/// # Errors
/// The feeder's or the settler's fault; of both, the one that explains the other.
pub fn pump<T: Send, R: Send>(
    hands: Hands,
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
        let feeder = threads.spawn(move || match hands {
            Hands::Pool(pool) => feed_pool(pool, permit, done, failed, feed, work),
            Hands::Threads { count, enter } => feed_threads(count, enter, permit, done, failed, feed, work),
        });
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

/// Items reach the threads through a channel that never holds more than the permits. A worker takes one item at a time, so that a slow
/// one holds up nobody else's.
#[allow(clippy::too_many_arguments)]
fn feed_threads<T: Send, R: Send>(
    count: usize,
    enter: &(dyn Fn(&mut (dyn FnMut() + Send)) + Sync),
    permit: Receiver<()>,
    done: Sender<(u64, R)>,
    failed: &AtomicBool,
    feed: impl FnOnce(&mut Put<T>) -> Result<(), Fault>,
    work: &(impl Fn(T) -> R + Sync),
) -> Result<(), Fault> {
    std::thread::scope(|threads| {
        let (items, todo) = unbounded::<(u64, T)>();
        for _ in 0..count.max(1) {
            let (todo, done) = (todo.clone(), done.clone());
            threads.spawn(move || enter(&mut || todo.iter().for_each(|(number, item)| drop(done.send((number, work(item)))))));
        }
        drop((todo, done));
        let mut next = 0_u64;
        let mut put = |item: T| {
            if failed.load(Ordering::Relaxed) || permit.recv().is_err() {
                return false;
            }
            next += 1;
            // Fails only if every worker has died of a panic, which the scope passes on.
            items.send((next - 1, item)).is_ok()
        };
        let fed = feed(&mut put);
        drop(items);
        fed
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

    fn straight(body: &mut (dyn FnMut() + Send)) {
        body();
    }

    #[test]
    fn results_come_in_order_and_never_more_than_the_permits_wait() {
        let pools = [1, 2, 5].map(pool);
        let crews = [1, 2, 5].map(|count| Hands::Threads { count, enter: &straight });
        for hands in pools.iter().map(Hands::Pool).chain(crews) {
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
            pump(hands, 7, feed, work, |i| {
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
        for hands in [Hands::Pool(&pool(2)), Hands::Threads { count: 2, enter: &straight }] {
            fed.store(0, Ordering::SeqCst);
            let result = pump(hands, 4, feed, |i| i, |_| Err(Fault::Invariant("no".to_owned())));
            assert!(matches!(result, Err(Fault::Invariant(_))));
            assert!(fed.load(Ordering::SeqCst) <= 16);
        }
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
            pump(Hands::Pool(&pool(2)), 4, feed, |i| i, |_| Err(settler())).unwrap_err().exit_code()
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
            Hands::Threads { count: 2, enter: &straight },
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
