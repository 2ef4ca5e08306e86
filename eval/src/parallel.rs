//! All cores at work: one thread for each worker, which owns its stages. Knows nothing of what the work is.

use std::collections::BTreeMap;
use std::iter::Enumerate;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Result, anyhow};

use crate::interrupt;

/// How many items for each worker may be begun before the one that is to be collected next is done. What is done early waits,
/// and an item may take as long as thousands of others.
const WAITING_PER_WORKER: usize = 4;

/// The cores that this process may use.
pub(crate) fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Gives every item to the next free worker, and its result to `collect` on this thread, in the order of the items.
///
/// # Errors
/// The first error of an item, a worker or `collect`, or Ctrl-C; what is under way is finished, and nothing more is begun.
pub(crate) fn in_order<T, R: Send>(
    items: impl Iterator<Item = Result<T>> + Send,
    workers: Vec<impl FnMut(T) -> Result<R> + Send>,
    collect: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let ahead = workers.len() * WAITING_PER_WORKER;
    let (permits, permitted) = sync_channel(ahead);
    let (sender, receiver) = sync_channel(ahead);
    let line = Mutex::new(Line { permitted, items: items.enumerate() });
    (0..ahead).for_each(|_| permit(&permits));
    thread::scope(|scope| {
        for mut work in workers {
            let (results, line) = (Results(sender.clone()), &line);
            scope.spawn(move || {
                while let Some((place, item)) = next(line) {
                    let result = interrupt::check().and(item).and_then(&mut work);
                    let last = result.is_err();
                    if results.0.send((place, result)).is_err() || last {
                        return;
                    }
                }
            });
        }
        drop(sender);
        deliver(receiver, permits, collect)
    })
}

/// The items that are not begun yet, and the permits to begin so many of them.
struct Line<I> {
    permitted: Receiver<()>,
    items: Enumerate<I>,
}

/// The next item, once there is a permit for it; None when there is no further item, or delivery has ended and with it the
/// permits. Whoever waits here may well hold the lock: without a permit nobody else may begin either. Items are begun in
/// their order, so the one that is due is always under way.
fn next<I: Iterator>(line: &Mutex<Line<I>>) -> Option<(usize, I::Item)> {
    let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
    line.permitted.recv().ok()?;
    line.items.next()
}

/// Lets one more item begin. There is room for the permit, since there are no more permits than items that may be begun; and
/// nobody is left to take it only where no item is.
fn permit(permits: &SyncSender<()>) {
    let _ = permits.send(());
}

/// Where a worker's results go.
struct Results<R>(SyncSender<(usize, Result<R>)>);

impl<R> Drop for Results<R> {
    /// A worker that panics takes an item with it that delivery would wait for. Where delivery has ended, it need not know.
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.0.send((0, Err(anyhow!("a thread has panicked"))));
        }
    }
}

/// Takes the receiver and the permits, so that an error closes both and thereby ends the workers.
fn deliver<R>(
    receiver: Receiver<(usize, Result<R>)>,
    permits: SyncSender<()>,
    mut collect: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let (mut early, mut due) = (BTreeMap::new(), 0);
    for (place, result) in receiver {
        interrupt::check()?;
        early.insert(place, result?);
        while let Some(result) = early.remove(&due) {
            collect(result)?;
            permit(&permits);
            due += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let workers: Vec<_> = (0..3).map(|_| |n: u64| Ok(n * n)).collect();
        let mut squares = Vec::new();
        in_order((0..100).map(Ok), workers, |square| {
            squares.push(square);
            Ok(())
        })
        .unwrap();
        assert_eq!(squares, (0..100).map(|n| n * n).collect::<Vec<_>>());
    }

    #[test]
    fn one_error_ends_all() {
        let workers: Vec<_> =
            (0..2).map(|_| |n: u64| if n == 5 { anyhow::bail!("five") } else { Ok(n) }).collect();
        let endless = (0..).map(Ok);
        let error = in_order(endless, workers, |_| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "five");
        let workers: Vec<_> = (0..2).map(|_| |n: u64| Ok(n)).collect();
        let full = |n| if n == 5 { anyhow::bail!("full") } else { Ok(()) };
        assert_eq!(in_order((0..).map(Ok), workers, full).unwrap_err().to_string(), "full");
    }

    #[test]
    fn an_item_that_takes_long_has_few_others_begun() {
        let (tell, told) = sync_channel(1000);
        let told = Mutex::new(told);
        // The first item waits until no other has begun for a while, and counts those that have.
        let work = |n: usize| -> Result<usize> {
            if n > 0 {
                tell.send(())?;
                return Ok(0);
            }
            let (told, quiet) = (told.lock().unwrap(), Duration::from_millis(300));
            Ok(std::iter::from_fn(|| told.recv_timeout(quiet).ok()).count())
        };
        let (mut collected, mut begun) = (0, 0);
        in_order((0..1000).map(Ok), vec![&work; 2], |others| {
            collected += 1;
            begun += others;
            Ok(())
        })
        .unwrap();
        assert_eq!(collected, 1000);
        assert!(begun < 2 * WAITING_PER_WORKER + 2, "{begun} others begun before the first was collected");
    }

    #[test]
    fn a_worker_that_panics_ends_all() {
        let work = |n: u64| if n == 5 { panic!("five") } else { Ok(n) };
        let endless = (0..).map(Ok);
        let run = AssertUnwindSafe(|| in_order(endless, vec![&work; 2], |_| Ok(())));
        assert!(catch_unwind(run).is_err());
    }
}
