//! The two ways to call: a call of its own for each request, or a message on one of several open streams.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, anyhow};
use bytes::Bytes;
use h2::SendStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::Code;

use crate::call::{Ask, Call, Reply};
use crate::mix::Priority;
use crate::score::Checked;
use crate::wire::{self, Answers, PAUSE, Pool, Refusal, Rpc, Server, Talk};
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

/// The streams of each priority, and what reads their answers and opens them again.
struct Streams {
    interactive: Vec<Arc<Line>>,
    bulk: Vec<Arc<Line>>,
    workload: Arc<dyn Streamed>,
    _readers: JoinSet<()>,
}

/// One stream, and those that are opened in its place when it ends.
struct Line {
    pool: Arc<Pool>,
    rpc: Rpc,
    /// Says which connection it is on.
    number: usize,
    /// Never locked across an await.
    sending: Mutex<Sending>,
}

struct Sending {
    /// None from the end of a stream until the next is open.
    body: Option<SendStream<Bytes>>,
    cursor: Cursor,
    waiting: HashMap<Key, Waiting>,
    /// How often a stream has ended here.
    ended: u64,
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
    /// Opens so many streams of the method of this path at each of [`Priority::ALL`].
    ///
    /// # Errors
    /// When one does not open.
    pub(crate) async fn open(
        rpcs: (&Server, &'static str),
        pool: &Arc<Pool>,
        streams: [usize; 2],
        workload: Arc<dyn Streamed>,
    ) -> Result<Self> {
        let rpcs = Rpcs::new(rpcs.0, rpcs.1)?;
        let mut readers = JoinSet::new();
        let mut lines = [Vec::new(), Vec::new()];
        for ((lines, priority), count) in lines.iter_mut().zip(Priority::ALL).zip(streams) {
            for number in 0..count {
                let line = Arc::new(Line::new(Arc::clone(pool), rpcs.of(priority).clone(), number));
                let answers = line.open().await?;
                readers.spawn(keep_open(Arc::clone(&line), answers, Arc::clone(&workload)));
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
        let at = usize::try_from(ask.number).unwrap_or_default().checked_rem(lines.len());
        let unavailable = || Reply::refused(Refusal::new(Code::Unavailable));
        match at.and_then(|at| lines[at].send(&*self.streams.workload)) {
            Some(answer) => answer.await.unwrap_or_else(|_| unavailable()),
            None => unavailable(),
        }
    }

    fn warning(&self) -> Option<String> {
        let lines = self.streams.interactive.iter().chain(&self.streams.bulk);
        let ended: u64 = lines.map(|line| line.lock().ended).sum();
        (ended > 0).then(|| {
            format!(
                "{ended} streams ended; they were opened again, and what was under way on them is UNAVAILABLE"
            )
        })
    }
}

impl Line {
    fn new(pool: Arc<Pool>, rpc: Rpc, number: usize) -> Self {
        let sending = Sending { body: None, cursor: Cursor::at(number), waiting: HashMap::new(), ended: 0 };
        Self { pool, rpc, number, sending: Mutex::new(sending) }
    }

    /// Opens the first stream, or the next.
    async fn open(&self) -> Result<Answers> {
        let lease = self.pool.lease_at(self.number);
        let lease = lease.context("a connection broke while streams were opened")?;
        let talk = Talk::open(lease, &self.rpc).await;
        let (body, answers) = talk.map_err(|_| anyhow!("a stream does not open"))?.split();
        let mut sending = self.lock();
        sending.cursor = sending.cursor.anew();
        sending.body = Some(body);
        Ok(answers)
    }

    /// The stream has: nothing more is sent on it, and nobody waits for it any longer.
    fn end(&self) {
        let mut sending = self.lock();
        sending.body = None;
        sending.waiting.clear();
        sending.ended += 1;
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
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a stream, and the ones after it.
async fn keep_open(line: Arc<Line>, mut answers: Answers, workload: Arc<dyn Streamed>) {
    loop {
        read(&line, answers, &*workload).await;
        line.end();
        answers = loop {
            tokio::time::sleep(PAUSE).await;
            if let Ok(answers) = line.open().await {
                break answers;
            }
        };
    }
}

/// Hands answers to their calls until the stream ends; then there are no more.
async fn read(line: &Line, mut answers: Answers, workload: &dyn Streamed) {
    let mut spoilt = None;
    while let Ok(Some(bytes)) = answers.next().await {
        let ended = Instant::now();
        let Some(answer) = workload.read(bytes) else { continue };
        let Some(waiting) = line.lock().waiting.remove(&answer.key) else { continue };
        let checked = check(&answer, waiting.input, workload, &mut spoilt);
        // A caller who has gone does not hear it.
        let _ = waiting.answer.send(Reply { ended, result: checked });
    }
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
