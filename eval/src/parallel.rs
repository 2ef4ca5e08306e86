//! All cores at work: one thread for each worker, which owns its stages. Knows nothing of what the work is.

use std::collections::BTreeMap;
use std::iter::Enumerate;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::Result;

use crate::interrupt;

/// Results that may wait for the one that collects them, for each worker.
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
    let items = Mutex::new(items.enumerate());
    let (sender, receiver) = sync_channel(workers.len() * WAITING_PER_WORKER);
    thread::scope(|scope| {
        for mut work in workers {
            let (sender, items) = (sender.clone(), &items);
            scope.spawn(move || {
                while let Some((place, item)) = next(items) {
                    let result = interrupt::check().and(item).and_then(&mut work);
                    let last = result.is_err();
                    if sender.send((place, result)).is_err() || last {
                        return;
                    }
                }
            });
        }
        drop(sender);
        deliver(receiver, collect)
    })
}

fn next<I: Iterator>(items: &Mutex<Enumerate<I>>) -> Option<(usize, I::Item)> {
    items.lock().unwrap_or_else(PoisonError::into_inner).next()
}

/// Takes the receiver, so that an error closes it and thereby ends the workers.
fn deliver<R>(
    receiver: Receiver<(usize, Result<R>)>,
    mut collect: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let (mut early, mut due) = (BTreeMap::new(), 0);
    for (place, result) in receiver {
        interrupt::check()?;
        early.insert(place, result?);
        while let Some(result) = early.remove(&due) {
            collect(result)?;
            due += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
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
    }
}
