//! Every metric, declared once. Names are fixed: dashboards rely on them.

use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

const REQUESTS: &str = "ward_requests_total";
const REQUEST_SECONDS: &str = "ward_request_seconds";
const QUEUE_WAIT_SECONDS: &str = "ward_queue_wait_seconds";
const PREPARE_SECONDS: &str = "ward_prepare_seconds";
const INFER_SECONDS: &str = "ward_infer_seconds";
const BATCH_JOBS: &str = "ward_batch_jobs";
const BATCH_TOKENS: &str = "ward_batch_tokens";
const PADDING_RATIO: &str = "ward_padding_ratio";
const IN_FLIGHT: &str = "ward_in_flight";
const REJECTED: &str = "ward_rejected_total";
const DECISIONS: &str = "ward_decisions_total";
const MESSAGES_TO_ALERT: &str = "ward_messages_to_alert";

/// 100 µs to 10 s.
const SECONDS: [f64; 16] =
    [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
const COUNTS: [f64; 13] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0];
const RATIOS: [f64; 8] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.9];

/// How often what histograms have recorded is taken in, whether or not anybody asks for the metrics.
const UPKEEP: Duration = Duration::from_secs(5);

/// Installs the recorder that all metrics of this process go to; the handle renders them as Prometheus text.
///
/// # Errors
/// When a recorder is installed already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Full(PADDING_RATIO.to_owned()), &RATIOS)?
        .set_buckets(&COUNTS)?
        .install_recorder()?;
    describe();
    Ok(handle)
}

/// Takes in what histograms have recorded, again and again: where nobody asks for the metrics, it would pile up. Never ends.
pub(crate) async fn keep_up(handle: PrometheusHandle) {
    every(UPKEEP, || handle.run_upkeep()).await;
}

async fn every(period: Duration, mut upkeep: impl FnMut()) {
    let mut ticks = tokio::time::interval(period);
    loop {
        ticks.tick().await;
        upkeep();
    }
}

fn describe() {
    describe_counter!(REQUESTS, "Requests answered, by method and gRPC code");
    describe_histogram!(
        REQUEST_SECONDS,
        Unit::Seconds,
        "Time from a request's headers to its answer, or to the end of its stream"
    );
    describe_histogram!(QUEUE_WAIT_SECONDS, Unit::Seconds, "Time a request waited for a free worker");
    describe_histogram!(PREPARE_SECONDS, Unit::Seconds, "Time a message or photo took to prepare");
    describe_histogram!(INFER_SECONDS, Unit::Seconds, "Time a batch took in the model");
    describe_histogram!(BATCH_JOBS, "Messages or photos in a batch of the model");
    describe_histogram!(BATCH_TOKENS, "Tokens (faces, for the age model) in a batch");
    describe_histogram!(PADDING_RATIO, "Share of a batch that was padding: 0, as long as no pipeline pads");
    describe_gauge!(IN_FLIGHT, "Messages or photos admitted and not answered yet");
    describe_counter!(
        REJECTED,
        "Messages or photos that were not begun, by reason: refused at the door for want of time (overloaded) or room (capacity); in line, past their deadline or cancelled"
    );
    describe_counter!(DECISIONS, "Age checks decided, by policy, outcome and first reason");
    describe_histogram!(MESSAGES_TO_ALERT, "Messages of a conversation until its first alert");
}

/// Why work was not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// At the door: no room.
    Capacity,
    /// At the door: it would have come too late.
    Overloaded,
    /// In line: its deadline passed.
    Deadline,
    /// In line: its caller went.
    Cancelled,
}

impl Rejected {
    const ALL: [Self; 4] = [Self::Capacity, Self::Overloaded, Self::Deadline, Self::Cancelled];

    fn as_str(self) -> &'static str {
        match self {
            Self::Capacity => "capacity",
            Self::Overloaded => "overloaded",
            Self::Deadline => "deadline",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What one batcher reports.
#[derive(Clone)]
pub struct BatcherMeter {
    wait: Histogram,
    prepare: Histogram,
    infer: Histogram,
    jobs: Histogram,
    tokens: Histogram,
    padding_ratio: Histogram,
    in_flight: Gauge,
    rejected: [Counter; Rejected::ALL.len()],
}

impl BatcherMeter {
    /// For the batcher of `model`.
    #[must_use]
    pub fn new(model: &'static str) -> Self {
        Self {
            wait: histogram!(QUEUE_WAIT_SECONDS, "model" => model),
            prepare: histogram!(PREPARE_SECONDS, "model" => model),
            infer: histogram!(INFER_SECONDS, "model" => model),
            jobs: histogram!(BATCH_JOBS, "model" => model),
            tokens: histogram!(BATCH_TOKENS, "model" => model),
            padding_ratio: histogram!(PADDING_RATIO, "model" => model),
            in_flight: gauge!(IN_FLIGHT, "model" => model),
            rejected: Rejected::ALL
                .map(|reason| counter!(REJECTED, "model" => model, "reason" => reason.as_str())),
        }
    }

    /// A request waited so long.
    pub(crate) fn waited(&self, wait: Duration) {
        self.wait.record(wait);
    }

    /// An item took so long to prepare.
    pub(crate) fn prepared(&self, took: Duration) {
        self.prepare.record(took);
    }

    /// A batch of items of these `weights` ran so long.
    #[allow(clippy::cast_precision_loss)] // weights are far below 2^52
    pub(crate) fn ran(&self, weights: &[usize], took: Duration) {
        self.infer.record(took);
        self.jobs.record(weights.len() as f64);
        self.tokens.record(weights.iter().sum::<usize>() as f64);
        self.padding_ratio.record(0.0);
    }

    /// So many items were not begun.
    pub(crate) fn rejected(&self, reason: Rejected, items: usize) {
        self.rejected[reason as usize].increment(items as u64);
    }

    /// So many items are in flight until the guard is dropped.
    #[allow(clippy::cast_precision_loss)] // items are far below 2^52
    pub(crate) fn admitted(&self, items: usize) -> InFlight {
        self.in_flight.increment(items as f64);
        InFlight { gauge: self.in_flight.clone(), items: items as f64 }
    }
}

/// Items in flight, for as long as this lives.
pub(crate) struct InFlight {
    gauge: Gauge,
    items: f64,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.gauge.decrement(self.items);
    }
}

/// A request to `method` was answered with `code` after `took`.
pub(crate) fn request(method: &'static str, code: &'static str, took: Duration) {
    counter!(REQUESTS, "method" => method, "code" => code).increment(1);
    histogram!(REQUEST_SECONDS, "method" => method).record(took);
}

/// An age check was decided. `policy` is a configured name or `inline`: never anything that a caller sent.
pub(crate) fn decision(policy: &str, outcome: &'static str, reason: &'static str) {
    counter!(DECISIONS, "policy" => policy.to_owned(), "outcome" => outcome, "reason" => reason).increment(1);
}

/// A conversation first alerted at its `messages`th message.
#[allow(clippy::cast_precision_loss)] // a conversation has far fewer than 2^52 messages
pub(crate) fn alerted(messages: usize) {
    histogram!(MESSAGES_TO_ALERT).record(messages as f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn upkeep_comes_again_and_again_without_being_asked_for() {
        let (done, mut seen) = tokio::sync::mpsc::channel(1);
        let note = move || {
            let _ = done.try_send(());
        };
        let upkeep = tokio::spawn(every(Duration::from_millis(1), note));
        for _ in 0..3 {
            seen.recv().await.expect("it goes on");
        }
        upkeep.abort();
        assert!(upkeep.await.expect_err("it never ends by itself").is_cancelled());
    }
}
