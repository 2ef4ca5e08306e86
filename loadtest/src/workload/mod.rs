//! What is sent: real input, encoded before the load, with the answer that each input gets alone.

mod alone;
mod messages;
mod photos;
mod watch;

use bytes::Bytes;
use tonic::Code;

use crate::score::{Checked, Score};

pub(crate) use alone::{Alone, ModelName};
pub(crate) use messages::Messages;
pub(crate) use photos::Photos;
pub(crate) use watch::Watched;

/// The method that streams photos.
pub(crate) const ESTIMATE_AGE_STREAM: &str = "/ward.age.v1.AgeEstimationService/EstimateAgeStream";

/// The method that streams messages.
pub(crate) const WATCH_CONVERSATIONS: &str = "/ward.grooming.v1.GroomingDetectionService/WatchConversations";

/// The method that is asked about photos.
pub(crate) const ESTIMATE_AGE: &str = "/ward.age.v1.AgeEstimationService/EstimateAge";

/// The method that is asked about messages.
pub(crate) const SCORE_MESSAGES: &str = "/ward.grooming.v1.GroomingDetectionService/ScoreMessages";

/// One message out, one message in.
pub(crate) trait Unary: Send + Sync + 'static {
    /// The message of the call of this number, framed.
    fn framed(&self, number: u64) -> Bytes;

    /// Compares the answer to that call with what was answered alone.
    fn check(&self, number: u64, answer: Bytes) -> Checked;
}

/// Many messages out, as many in.
pub(crate) trait Streamed: Send + Sync + 'static {
    /// The next message of a stream.
    fn next(&self, cursor: &mut Cursor) -> Sent;

    /// An answer, read; None when it is none of this protocol.
    fn read(&self, answer: Bytes) -> Option<StreamAnswer>;

    /// What the input of this number got alone; None: it was refused.
    fn alone(&self, input: usize) -> Option<&Score>;
}

/// Where a stream is among the inputs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor {
    /// Conversations, or photos, that were begun on this stream.
    begun: u64,
    /// Which is the next, among the inputs.
    at: usize,
    /// Messages of it that were sent.
    place: u32,
}

/// By which an answer finds its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The photo or the conversation, counted on its stream.
    pub(crate) subject: u64,
    /// The message within the conversation, from 1.
    pub(crate) place: u32,
}

/// A message to send on a stream.
#[derive(Debug)]
pub(crate) struct Sent {
    /// With its frame.
    pub(crate) framed: Bytes,
    /// Of its answer.
    pub(crate) key: Key,
    /// Which input it is.
    pub(crate) input: usize,
}

/// An answer on a stream.
#[derive(Debug, PartialEq)]
pub(crate) struct StreamAnswer {
    /// Of its call.
    pub(crate) key: Key,
    /// The score, or why there is none.
    pub(crate) result: Result<Score, Code>,
}

impl Cursor {
    /// A stream begins here, so that streams side by side do not send the same.
    pub(crate) fn at(at: usize) -> Self {
        Self { begun: 0, at, place: 0 }
    }

    /// Where a stream goes on that was opened in the place of another: not within a conversation, of which it knows nothing.
    pub(crate) fn anew(self) -> Self {
        match self.place {
            0 => self,
            _ => Self { begun: self.begun + 1, at: self.at + 1, place: 0 },
        }
    }
}

fn place(number: u64, count: usize) -> usize {
    // A remainder of a count is in its range.
    usize::try_from(number % count as u64).unwrap_or_default()
}

fn failure_code(code: i32) -> Code {
    Code::from_i32(code)
}
