//! `ward-loadtest`: what a running Ward answers under load.

mod arrival;
mod call;
mod callers;
mod cpu;
mod figures;
mod knee;
mod mix;
mod options;
mod pace;
mod progress;
mod report;
mod run;
mod score;
mod sweep;
mod tally;
mod texts;
mod wire;
mod workload;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::Parser as _;

use arrival::Arrival;
use call::Call;
use callers::{StreamCaller, UnaryCaller};
use mix::Priority;
use options::{AgeTarget, Arguments, GroomingTarget, Options, Target};
use report::{Baseline, Report};
use run::Plan;
use sweep::Steps;
use wire::{Idle, Pool, Server};
use workload::{Alone, Messages, ModelName, Photos, Watched};

/// One thread: it answers faster than several that wake each other, and leaves the other cores to the server.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse().sound().unwrap_or_else(|error| error.exit());
    match test(arguments.target).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; the exit code still tells.
            let _ = writeln!(anstream::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn test(target: Target) -> Result<()> {
    match target {
        Target::Age(target) => age(target).await,
        Target::Grooming(target) => grooming(target).await,
    }
}

async fn age(AgeTarget { image, options }: AgeTarget) -> Result<()> {
    let bench = Bench::open(&options, workload::ESTIMATE_AGE_STREAM).await?;
    let (photos, model) = Photos::prepare(&image, &bench.alone()?).await?;
    if options.stream {
        photos.fit_streams(&image, &bench.alone()?).await?;
        let path = (&bench.server, workload::ESTIMATE_AGE_STREAM);
        let caller = StreamCaller::open(path, &bench.pool, options.streams(), Arc::new(photos)).await?;
        bench.measure(("age", model), &options, &caller).await
    } else {
        let pool = Arc::clone(&bench.pool);
        let caller = UnaryCaller::new(&bench.server, workload::ESTIMATE_AGE, pool, Arc::new(photos))?;
        bench.measure(("age", model), &options, &caller).await
    }
}

async fn grooming(target: GroomingTarget) -> Result<()> {
    let (source, GroomingTarget { batch, options, .. }) = (target.source(), target);
    if options.stream {
        let conversations = source.conversations()?;
        let bench = Bench::open(&options, workload::WATCH_CONVERSATIONS).await?;
        let (watched, model) = Watched::prepare(&conversations, &bench.alone()?).await?;
        let path = (&bench.server, workload::WATCH_CONVERSATIONS);
        let caller = StreamCaller::open(path, &bench.pool, options.streams(), Arc::new(watched)).await?;
        bench.measure(("grooming", model), &options, &caller).await
    } else {
        let texts = source.messages()?;
        let bench = Bench::open(&options, workload::WATCH_CONVERSATIONS).await?;
        let (messages, model) = Messages::prepare(&texts, batch, &bench.alone()?).await?;
        let pool = Arc::clone(&bench.pool);
        let caller = UnaryCaller::new(&bench.server, workload::SCORE_MESSAGES, pool, Arc::new(messages))?;
        bench.measure(("grooming", model), &options, &caller).await
    }
}

/// All that is open for the length of a test.
struct Bench {
    server: Server,
    pool: Arc<Pool>,
    idle: Idle,
    baseline: Option<Baseline>,
}

impl Bench {
    /// Opens the connections, and what is idle beside: streams of the method of this path. First of all, what would lose the
    /// figures at the end is found out.
    async fn open(options: &Options, idle_path: &'static str) -> Result<Self> {
        report::check(&options.output)?;
        let baseline = options.output.baseline.as_deref().map(Baseline::read).transpose()?;
        let server = Server::parse(&options.addr)?;
        let pool = Arc::new(Pool::open(&server, options.connections).await?);
        let rpc = server.rpc(idle_path, Priority::Interactive)?;
        let idle = Idle::open(&server, (options.beside.idle_connections, options.beside.idle_streams), &rpc);
        Ok(Self { idle: idle.await?, pool, server, baseline })
    }

    fn alone(&self) -> Result<Alone<'_>> {
        Ok(Alone { server: &self.server, pool: &self.pool, progress: progress::alone()? })
    }

    async fn measure(
        mut self,
        (target, model): (&'static str, Option<ModelName>),
        options: &Options,
        call: &impl Call,
    ) -> Result<()> {
        let steps = steps(options, call).await?;
        let mut warnings = Vec::new();
        if self.pool.broken() > 0 {
            warnings.push(format!("{} connections broke and were opened again", self.pool.broken()));
        }
        let lost = self.idle.lost();
        if lost > 0 {
            warnings.push(format!("the server closed {lost} idle connections"));
        }
        warnings.extend(call.warning());
        let report = Report::new(target, steps, model).with_warnings(warnings);
        report.against(self.baseline).conclude(&options.output)
    }
}

/// One step for a rate or a number of callers, as many as it takes for a sweep.
async fn steps(options: &Options, call: &impl Call) -> Result<Steps> {
    let (warm_up, duration, mix) = (options.warm_up, options.duration, options.mix());
    let plan = |arrival| Plan { arrival, warm_up, duration, mix };
    match options.arrival() {
        Some(arrival) => sweep::once(plan(arrival), call).await,
        None => {
            let process = options.process();
            // The sweep sets the rate of each step.
            sweep::sweep(plan(Arrival::Open { rate: 1.0, process }), process, call).await
        }
    }
}
