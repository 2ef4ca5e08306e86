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

/// Installs the recorder that all metrics of this process go to; the handle renders them as Prometheus text.
///
/// # Errors
/// When a recorder is installed already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Full(PADDING_RATIO.to_owned()), &RATIOS)?
        .set_buckets_for_metric(Matcher::Prefix("ward_".to_owned()), &COUNTS)?
        .install_recorder()?;
    describe();
    Ok(handle)
}

fn describe() {
    describe_counter!(REQUESTS, "Requests answered, by method and gRPC code");
    describe_histogram!(REQUEST_SECONDS, Unit::Seconds, "Time from a request's headers to its answer");
    describe_histogram!(QUEUE_WAIT_SECONDS, Unit::Seconds, "Time a job waited for a free worker, by phase");
    describe_histogram!(PREPARE_SECONDS, Unit::Seconds, "Time a batch took to prepare");
    describe_histogram!(INFER_SECONDS, Unit::Seconds, "Time a batch took in the model");
    describe_histogram!(BATCH_JOBS, "Jobs in a batch of the model");
    describe_histogram!(BATCH_TOKENS, "Tokens (faces, for the age model) in a batch, padding included");
    describe_histogram!(PADDING_RATIO, "Share of a batch that was padding");
    describe_gauge!(IN_FLIGHT, "Jobs admitted and not answered yet");
    describe_counter!(REJECTED, "Jobs that were not begun: refused at the door, or past their deadline");
    describe_counter!(DECISIONS, "Age checks decided, by policy, outcome and first reason");
    describe_histogram!(MESSAGES_TO_ALERT, "Messages of a conversation until its first alert");
}

/// Which of a pipeline's two batchers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Per request.
    Prepare,
    /// Batched across requests.
    Infer,
}

/// What one batcher reports.
#[derive(Clone)]
pub struct StageMeter {
    wait: Histogram,
    run: Histogram,
    expired: Counter,
    /// Batches are of interest only where requests share them.
    batch: Option<BatchMeter>,
}

#[derive(Clone)]
struct BatchMeter {
    jobs: Histogram,
    tokens: Histogram,
    padding: Histogram,
}

impl StageMeter {
    /// For the batcher of `model` in `phase`.
    #[must_use]
    pub fn new(model: &'static str, phase: Phase) -> Self {
        let (name, label) = match phase {
            Phase::Prepare => (PREPARE_SECONDS, "prepare"),
            Phase::Infer => (INFER_SECONDS, "infer"),
        };
        Self {
            wait: histogram!(QUEUE_WAIT_SECONDS, "model" => model, "phase" => label),
            run: histogram!(name, "model" => model),
            expired: counter!(REJECTED, "model" => model, "reason" => "deadline"),
            batch: (phase == Phase::Infer).then(|| BatchMeter {
                jobs: histogram!(BATCH_JOBS, "model" => model),
                tokens: histogram!(BATCH_TOKENS, "model" => model),
                padding: histogram!(PADDING_RATIO, "model" => model),
            }),
        }
    }

    /// A job waited so long.
    pub(crate) fn waited(&self, wait: Duration) {
        self.wait.record(wait);
    }

    /// A job's deadline passed before it was begun.
    pub(crate) fn expired(&self) {
        self.expired.increment(1);
    }

    /// A batch of jobs with these `weights` ran so long.
    pub(crate) fn batch(&self, weights: &[usize], ran: Duration) {
        self.run.record(ran);
        if let Some(batch) = &self.batch {
            batch.record(weights);
        }
    }
}

impl BatchMeter {
    #[allow(clippy::cast_precision_loss)] // weights are far below 2^52
    fn record(&self, weights: &[usize]) {
        let heaviest = weights.iter().copied().max().unwrap_or(0);
        let padded = (heaviest * weights.len()) as f64;
        let used = weights.iter().sum::<usize>() as f64;
        self.jobs.record(weights.len() as f64);
        self.tokens.record(padded);
        self.padding.record(1.0 - used / padded.max(1.0));
    }
}

/// What one door reports.
#[derive(Clone)]
pub(crate) struct DoorMeter {
    in_flight: Gauge,
    overloaded: Counter,
}

impl DoorMeter {
    /// For the door of `model`.
    pub(crate) fn new(model: &'static str) -> Self {
        Self {
            in_flight: gauge!(IN_FLIGHT, "model" => model),
            overloaded: counter!(REJECTED, "model" => model, "reason" => "overloaded"),
        }
    }

    /// `jobs` were refused.
    pub(crate) fn refused(&self, jobs: u32) {
        self.overloaded.increment(u64::from(jobs));
    }

    /// `jobs` are in flight until the guard is dropped.
    pub(crate) fn admitted(&self, jobs: u32) -> InFlight {
        self.in_flight.increment(f64::from(jobs));
        InFlight { gauge: self.in_flight.clone(), jobs }
    }
}

/// Jobs in flight, for as long as this lives.
pub(crate) struct InFlight {
    gauge: Gauge,
    jobs: u32,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.gauge.decrement(f64::from(self.jobs));
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
