//! Connections as they come, and what happens when none can be taken.

use std::io;
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt as _};

/// After a failure, accepting is tried again in so long.
const PAUSE: Duration = Duration::from_millis(100);

/// It is logged at most once in so long.
const SILENCE: Duration = Duration::from_secs(1);

/// The connections that could be accepted. tonic tries again at once and says nothing when one could not: when the process
/// has no descriptors left, it would spin until one is free.
pub(crate) fn patient<T>(
    incoming: impl Stream<Item = io::Result<T>>,
) -> impl Stream<Item = Result<T, io::Error>> {
    let mut logged: Option<Instant> = None;
    incoming.filter_map(move |connection| {
        if let Err(error) = &connection
            && logged.is_none_or(|last| last.elapsed() >= SILENCE)
        {
            logged = Some(Instant::now());
            tracing::warn!(error = error as &dyn std::error::Error, "a connection could not be accepted");
        }
        async move {
            if connection.is_err() {
                tokio::time::sleep(PAUSE).await;
            }
            connection.ok().map(Ok)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;

    use futures_util::{FutureExt as _, stream};

    use super::*;

    fn no_descriptors<T>() -> io::Result<T> {
        Err(io::Error::other("too many open files"))
    }

    #[tokio::test]
    async fn what_cannot_be_accepted_is_not_tried_again_at_once() {
        let tried = Cell::new(0);
        let failing = stream::repeat_with(|| {
            tried.set(tried.get() + 1);
            no_descriptors::<()>()
        });
        let mut incoming = pin!(patient(failing.take(3)));
        assert!(incoming.next().now_or_never().is_none(), "it pauses");
        assert_eq!(tried.get(), 1);
    }

    #[tokio::test]
    async fn after_a_failure_connections_are_accepted_again() {
        let incoming = stream::iter([Ok(1), no_descriptors(), Ok(2)]);
        let accepted: Vec<_> = patient(incoming).map(|connection| connection.expect("one")).collect().await;
        assert_eq!(accepted, [1, 2]);
    }
}
