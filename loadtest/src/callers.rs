//! The two ways to call: a call of its own for each request, or a message on one of several open streams.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use h2::SendStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::Code;

use crate::call::{Ask, Call, Reply};
use crate::mix::Priority;
use crate::score::Checked;
use crate::wire::{self, Answers, Pool, Refusal, Rpc, Server, Talk};
use crate::workload::{Cursor, Key, StreamAnswer, Streamed, Unary};

/// The same method at each priority.
#[derive(Clone)]
struct Rpcs {
    interactive: Rpc,
    bulk: Rpc,
}

/// Each request is a call.
#[derive(Clone)]
pub(crate) struct UnaryCaller {
    pool: Arc<Pool>,
    rpcs: Arc<Rpcs>,
    workload: Arc<dyn Unary>,
}

/// Each request is a message on a stream.
#[derive(Clone)]
pub(crate) struct StreamCaller {
    streams: Arc<Streams>,
}

/// The streams of each priority, and what reads their answers.
struct Streams {
    interactive: Vec<Arc<Line>>,
    bulk: Vec<Arc<Line>>,
    workload: Arc<dyn Streamed>,
    _readers: JoinSet<()>,
}

/// One stream. Never locked across an await.
struct Line(Mutex<Sending>);

struct Sending {
    /// None once the stream has ended.
    body: Option<SendStream<Bytes>>,
    cursor: Cursor,
    waiting: HashMap<Key, Waiting>,
}

/// A call whose answer has not come yet.
struct Waiting {
    input: usize,
    answer: oneshot::Sender<Reply>,
}

impl Rpcs {
    fn new(server: &Server, path: &'static str) -> Result<Self> {
        let rpc = |priority| server.rpc(path, priority);
        Ok(Self { interactive: rpc(Priority::Interactive)?, bulk: rpc(Priority::Bulk)? })
    }

    fn of(&self, priority: Priority) -> &Rpc {
        match priority {
            Priority::Interactive => &self.interactive,
            Priority::Bulk => &self.bulk,
        }
    }
}

impl UnaryCaller {
    /// Calls the method of this path.
    ///
    /// # Errors
    /// When the path is none.
    pub(crate) fn new(
        server: &Server,
        path: &'static str,
        pool: Arc<Pool>,
        workload: Arc<dyn Unary>,
    ) -> Result<Self> {
        Ok(Self { pool, rpcs: Arc::new(Rpcs::new(server, path)?), workload })
    }
}

impl Call for UnaryCaller {
    async fn call(&self, ask: Ask) -> Reply {
        let Some(lease) = self.pool.lease() else {
            return Reply::refused(Refusal::new(Code::Unavailable));
        };
        let request = self.rpcs.of(ask.priority).within(ask.timeout);
        let answer = wire::unary(lease, request, self.workload.framed(ask.number)).await;
        let ended = Instant::now();
        Reply { ended, result: answer.map(|answer| self.workload.check(ask.number, answer)) }
    }
}

impl StreamCaller {
    /// Opens so many streams of the method of this path at each priority.
    ///
    /// # Errors
    /// When one does not open.
    pub(crate) async fn open(
        rpcs: (&Server, &'static str),
        pool: &Pool,
        streams: NonZeroUsize,
        workload: Arc<dyn Streamed>,
    ) -> Result<Self> {
        let rpcs = Rpcs::new(rpcs.0, rpcs.1)?;
        let mut readers = JoinSet::new();
        let mut lines = [Vec::new(), Vec::new()];
        for (lines, priority) in lines.iter_mut().zip(Priority::ALL) {
            for number in 0..streams.get() {
                let lease = pool.lease_at(number).context("a connection broke while streams were opened")?;
                let talk = Talk::open(lease, rpcs.of(priority)).await;
                let (body, answers) = talk.ok().context("a stream does not open")?.split();
                let line = Arc::new(Line::new(body, Cursor::at(number)));
                readers.spawn(read(Arc::clone(&line), answers, Arc::clone(&workload)));
                lines.push(line);
            }
        }
        let [interactive, bulk] = lines;
        Ok(Self { streams: Arc::new(Streams { interactive, bulk, workload, _readers: readers }) })
    }
}

impl Call for StreamCaller {
    async fn call(&self, ask: Ask) -> Reply {
        let lines = match ask.priority {
            Priority::Interactive => &self.streams.interactive,
            Priority::Bulk => &self.streams.bulk,
        };
        let line = &lines[usize::try_from(ask.number).unwrap_or_default() % lines.len()];
        let unavailable = || Reply::refused(Refusal::new(Code::Unavailable));
        match line.send(&*self.streams.workload) {
            Some(answer) => answer.await.unwrap_or_else(|_| unavailable()),
            None => unavailable(),
        }
    }
}

impl Line {
    fn new(body: SendStream<Bytes>, cursor: Cursor) -> Self {
        Self(Mutex::new(Sending { body: Some(body), cursor, waiting: HashMap::new() }))
    }

    /// Sends the next message: under the lock, so that those of a conversation keep their order.
    fn send(&self, workload: &dyn Streamed) -> Option<oneshot::Receiver<Reply>> {
        let mut sending = self.lock();
        let sending = &mut *sending;
        let body = sending.body.as_mut()?;
        let sent = workload.next(&mut sending.cursor);
        body.send_data(sent.framed, false).ok()?;
        let (answer, answered) = oneshot::channel();
        sending.waiting.insert(sent.key, Waiting { input: sent.input, answer });
        Some(answered)
    }

    fn lock(&self) -> MutexGuard<'_, Sending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands answers to their calls until the stream ends; then there are no more.
async fn read(line: Arc<Line>, mut answers: Answers, workload: Arc<dyn Streamed>) {
    let mut spoilt = None;
    while let Ok(Some(bytes)) = answers.next().await {
        let ended = Instant::now();
        let Some(answer) = workload.read(bytes) else { continue };
        let Some(waiting) = line.lock().waiting.remove(&answer.key) else { continue };
        let checked = check(&answer, waiting.input, &*workload, &mut spoilt);
        // A caller who has gone does not hear it.
        let _ = waiting.answer.send(Reply { ended, result: checked });
    }
    let mut sending = line.lock();
    sending.body = None;
    sending.waiting.clear();
}

/// A conversation is spoilt by a message without an answer: what is said of it later lacks that message.
fn check(
    answer: &StreamAnswer,
    input: usize,
    workload: &dyn Streamed,
    spoilt: &mut Option<u64>,
) -> Result<Checked, Refusal> {
    match &answer.result {
        Err(code) => {
            *spoilt = Some(answer.key.subject);
            Err(Refusal::new(*code))
        }
        Ok(score) if *spoilt == Some(answer.key.subject) => {
            let alone = workload.alone(input).map(crate::score::Score::without_conversation);
            Ok(Checked::answer(&score.without_conversation(), alone.as_ref()))
        }
        Ok(score) => Ok(Checked::answer(score, workload.alone(input))),
    }
}
