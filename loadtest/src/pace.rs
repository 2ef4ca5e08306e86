//! Waiting for a moment, to a tenth of a millisecond: tokio's timer resolves a whole one, which is longer than a call.
//!
//! A thread of its own sleeps until the next start and wakes the runtime. It is idle between starts, so that it takes no
//! core from a server beside it, as a loop that asks the clock would.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::arrival::Starts;

/// Waits for starts, one after the other.
pub(crate) trait Pace {
    /// Returns at `at` or soon after; at once when it has passed.
    async fn until(&mut self, at: Instant);
}

/// The thread that wakes the runtime at each start. It ends with the last start, or when this is dropped.
#[derive(Debug)]
pub(crate) struct Metronome {
    beat: Arc<Notify>,
    over: Arc<AtomicBool>,
}

impl Metronome {
    /// Beats at each of `starts` after `begin`.
    pub(crate) fn start(starts: Starts, begin: Instant) -> Self {
        let (beat, over) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let metronome = Self { beat: Arc::clone(&beat), over: Arc::clone(&over) };
        let begin = begin.into_std();
        thread::spawn(move || {
            for start in starts {
                let at = begin + start;
                while let Some(left) = left_until(at) {
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    thread::park_timeout(left);
                }
                beat.notify_one();
            }
        });
        metronome
    }
}

/// None: it has passed. At most a moment, after which the thread looks whether it is still needed.
fn left_until(at: std::time::Instant) -> Option<Duration> {
    const MOMENT: Duration = Duration::from_millis(100);
    let left = at.saturating_duration_since(std::time::Instant::now());
    (!left.is_zero()).then_some(left.min(MOMENT))
}

impl Pace for Metronome {
    async fn until(&mut self, at: Instant) {
        // Beats that were missed while others ran are one beat: look at the clock, not at their number.
        while Instant::now() < at {
            self.beat.notified().await;
        }
    }
}

impl Drop for Metronome {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
