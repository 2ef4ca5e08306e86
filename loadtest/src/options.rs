//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::error::ErrorKind;
use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand};

use crate::arrival::{Arrival, Process};
use crate::mix::{Mix, Patience, Priority};
use crate::texts::Source;
use crate::wire::MOST;

/// What was typed.
#[derive(Debug, Parser)]
#[command(
    name = "ward-loadtest",
    version,
    about = "Calls a running Ward, measures how fast and how often it answers, and compares every score with the one that \
             its input gets alone.",
    after_help = "Exit code: 0 all went well, 1 nothing was answered or a score differed, 2 the command makes no sense."
)]
pub(crate) struct Arguments {
    /// What is called.
    #[command(subcommand)]
    pub(crate) target: Target,
}

/// What is called.
#[derive(Debug, Subcommand)]
pub(crate) enum Target {
    /// Call EstimateAge, or EstimateAgeStream, with photos
    Age(AgeTarget),
    /// Call ScoreMessages, or WatchConversations, with chat
    Grooming(GroomingTarget),
}

/// Photos.
#[derive(Debug, Args)]
pub(crate) struct AgeTarget {
    /// The photos to send in turn: JPEG, PNG or WebP
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    pub(crate) image: Vec<PathBuf>,
    /// All else.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Chat.
#[derive(Debug, Args)]
pub(crate) struct GroomingTarget {
    /// Messages: a .txt file has one a line, a .jsonl or .jsonl.gz file one conversation a line, as in
    /// examples/chat.jsonl; if not given: a few dozen built-in ones
    #[arg(long, value_name = "FILE", num_args = 1..)]
    texts: Vec<PathBuf>,
    /// Only conversations of this split
    #[arg(long, value_name = "NAME", requires = "texts")]
    split: Option<String>,
    /// The most messages to draw from the files: each distinct one is asked about alone first
    #[arg(long, value_name = "N", default_value = "1000")]
    inputs: NonZeroUsize,
    /// Messages in each call of ScoreMessages
    #[arg(long, value_name = "N", default_value = "1", conflicts_with = "stream")]
    pub(crate) batch: NonZeroUsize,
    /// All else.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// What is the same for all that is called.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where Ward listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:50051")]
    pub(crate) addr: String,
    /// How much.
    #[command(flatten)]
    pub(crate) load: Load,
    /// How long to count calls, for each step of a sweep, such as 30s
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(crate) duration: Duration,
    /// How long to call before calls are counted
    #[arg(long, value_name = "D", value_parser = humantime::parse_duration, default_value = "1s")]
    pub(crate) warm_up: Duration,
    /// How long an answer is of use, such as 250ms
    #[arg(long, value_name = "D", value_parser = duration, default_value = "1s")]
    deadline: Duration,
    /// Send messages on open streams, not as calls of their own
    #[arg(long, conflicts_with = "retry_share")]
    pub(crate) stream: bool,
    /// Streams of each priority that is called with
    #[arg(long, value_name = "N", default_value = "8", requires = "stream")]
    streams: NonZeroUsize,
    /// Connections: calls spill onto the next at 100 at once
    #[arg(long, value_name = "N", default_value = "16")]
    pub(crate) connections: NonZeroUsize,
    /// Who calls.
    #[command(flatten)]
    callers: Callers,
    /// What is open beside.
    #[command(flatten)]
    pub(crate) beside: Beside,
    /// Where it is written.
    #[command(flatten)]
    pub(crate) output: Output,
    /// Decides arrivals, callers and which texts are drawn
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
}

/// How much is called.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Load {
    /// Open loop: so many calls a second, whether or not earlier ones have been answered
    #[arg(long, value_name = "N", value_parser = positive)]
    rate: Option<f64>,
    /// Closed loop: so many callers, each waiting for its answer
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
    /// Open loop: find the knee, the highest rate at which 99 % of the calls are answered in time
    #[arg(long)]
    sweep: bool,
}

/// Who calls.
#[derive(Debug, Args)]
struct Callers {
    /// How the calls of an open loop are spread
    #[arg(long, value_enum, default_value = "poisson", conflicts_with = "concurrency")]
    arrival: Process,
    /// How important all calls are
    #[arg(long, value_enum, default_value = "interactive", conflicts_with = "bulk_share")]
    priority: Priority,
    /// Share of the calls that are bulk, 0 to 1; the others are interactive
    #[arg(long, value_name = "X", value_parser = share)]
    bulk_share: Option<f64>,
    /// Callers name the deadline, and cancel at it (the default)
    #[arg(long, action = ArgAction::SetTrue, conflicts_with = "no_cancel")]
    cancel: bool,
    /// Callers name a far deadline and wait on; what comes late is answered, but not in time
    #[arg(long)]
    no_cancel: bool,
    /// Share of the refused calls that are tried once more, when the server says, 0 to 1
    #[arg(long, value_name = "X", value_parser = share, default_value = "0")]
    retry_share: f64,
}

/// What is open beside the calls.
#[derive(Debug, Args)]
pub(crate) struct Beside {
    /// Connections held open without a call
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) idle_connections: usize,
    /// Streams held open without a message
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) idle_streams: usize,
}

/// Where the figures go.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write a page with curves to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Compare with the figures of another run: its --json
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
}

impl Arguments {
    /// As they are, where the connections can take all that is to be on them.
    ///
    /// # Errors
    /// When they cannot: the rest would wait in this program, where no server can refuse it.
    pub(crate) fn sound(self) -> std::result::Result<Self, clap::Error> {
        let options = match &self.target {
            Target::Age(target) => &target.options,
            Target::Grooming(target) => &target.options,
        };
        let (count, what) = options.at_once();
        if count <= MOST.saturating_mul(options.connections.get()) {
            return Ok(self);
        }
        let least = count.div_ceil(MOST);
        let text = format!(
            "a connection takes {MOST} {what} at once, and of {count} some would wait in this program, unseen by the server: \
             use --connections {least} or more"
        );
        Err(Self::command().error(ErrorKind::ValueValidation, text))
    }
}

impl Options {
    /// Streams of each of [`Priority::ALL`]: none of one that is not called with.
    pub(crate) fn streams(&self) -> [usize; 2] {
        let mix = self.mix();
        Priority::ALL.map(|priority| if mix.calls_with(priority) { self.streams.get() } else { 0 })
    }

    /// How many are to be on the connections at once, and of what. An open loop does not know.
    fn at_once(&self) -> (usize, &'static str) {
        if self.stream {
            (self.streams().into_iter().fold(0, usize::saturating_add), "streams")
        } else {
            (self.load.concurrency.map_or(0, NonZeroUsize::get), "calls")
        }
    }

    /// What arrives; None: a sweep finds out.
    pub(crate) fn arrival(&self) -> Option<Arrival> {
        let open = |rate| Arrival::Open { rate, process: self.process() };
        let closed = |concurrency| Arrival::Closed { concurrency };
        self.load.rate.map(open).or(self.load.concurrency.map(closed))
    }

    /// How the calls of an open loop are spread.
    pub(crate) fn process(&self) -> Process {
        self.callers.arrival
    }

    /// Who calls.
    pub(crate) fn mix(&self) -> Mix {
        let all_bulk = if self.callers.priority == Priority::Bulk { 1.0 } else { 0.0 };
        Mix {
            deadline: self.deadline,
            patience: if self.callers.no_cancel { Patience::Stays } else { Patience::Cancels },
            bulk_share: self.callers.bulk_share.unwrap_or(all_bulk),
            retry_share: self.callers.retry_share,
            seed: self.seed,
        }
    }
}

impl GroomingTarget {
    /// Where the texts come from.
    pub(crate) fn source(&self) -> Source {
        Source {
            files: self.texts.clone(),
            split: self.split.clone(),
            most: self.inputs.get(),
            seed: self.options.seed,
        }
    }
}

fn duration(text: &str) -> Result<Duration> {
    let duration = humantime::parse_duration(text)?;
    ensure!(!duration.is_zero(), "must be longer than nothing");
    Ok(duration)
}

fn positive(text: &str) -> Result<f64> {
    let rate = text.parse().unwrap_or(f64::NAN);
    ensure!(f64::is_finite(rate) && rate > 0.0, "must be a number of calls a second, above 0");
    Ok(rate)
}

fn share(text: &str) -> Result<f64> {
    let share = text.parse().unwrap_or(f64::NAN);
    ensure!((0.0..=1.0).contains(&share), "must be a share from 0 to 1, such as 0.5");
    Ok(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &str) -> std::result::Result<Options, clap::Error> {
        let words = ["ward-loadtest", "grooming", "--duration", "1s"].into_iter().chain(words.split(' '));
        match Arguments::try_parse_from(words)?.sound()?.target {
            Target::Age(target) => Ok(target.options),
            Target::Grooming(target) => Ok(target.options),
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn callers_are_patient_and_important_as_told() {
        let of = |words| options(words).unwrap().mix();
        assert_eq!((of("--rate 1").patience, of("--rate 1").bulk_share), (Patience::Cancels, 0.0));
        assert_eq!(of("--rate 1 --no-cancel").patience, Patience::Stays);
        assert_eq!(of("--rate 1 --priority bulk").bulk_share, 1.0);
        assert_eq!(of("--rate 1 --bulk-share 0.5 --retry-share 0.25").retry_share, 0.25);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let nonsense = [
            "--rate 0",
            "--rate 1 --concurrency 1",
            "--rate 1 --cancel --no-cancel",
            "--rate 1 --bulk-share 1.5",
            "--rate 1 --bulk-share 0.5 --priority bulk",
            "--rate 1 --stream --batch 2",
            "--rate 1 --stream --retry-share 1",
            "--rate 1 --streams 2",
            "--rate 1 --split val",
            "--rate 1 --deadline 0s",
            "--concurrency 201 --connections 1",
            "--rate 1 --stream --streams 401 --connections 2",
            "--rate 1 --stream --streams 201 --connections 2 --bulk-share 0.5",
        ];
        for words in nonsense {
            assert!(options(words).is_err(), "{words}");
        }
        assert!(options("--sweep").unwrap().arrival().is_none());
    }

    #[test]
    fn as_much_at_once_as_the_connections_take() {
        let whole = [
            "--concurrency 400 --connections 2",
            "--concurrency 9999 --stream",
            "--rate 1 --stream --streams 400 --connections 2",
            "--rate 1 --stream --streams 400 --connections 2 --priority bulk",
            "--rate 1 --stream --streams 200 --connections 2 --bulk-share 0.5",
        ];
        for words in whole {
            assert!(options(words).is_ok(), "{words}");
        }
        let error = options("--concurrency 500 --connections 1").err().unwrap().to_string();
        assert!(error.contains("use --connections 3 or more"), "{error}");
    }

    #[test]
    fn streams_are_opened_of_the_priorities_that_are_called_with() {
        let of = |words| options(words).unwrap().streams();
        assert_eq!(of("--rate 1 --stream --streams 3"), [3, 0]);
        assert_eq!(of("--rate 1 --stream --streams 3 --priority bulk"), [0, 3]);
        assert_eq!(of("--rate 1 --stream --streams 3 --bulk-share 0.5"), [3, 3]);
    }
}
