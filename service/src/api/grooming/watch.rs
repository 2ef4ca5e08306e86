//! What one `WatchConversations` stream remembers: for each conversation the last turns and the risk so far.
//!
//! Turns are taken when a message arrives, so that the scores of many messages can be computed side by side; risks are
//! folded when the scores come, in the order of arrival. The conversations remembered are bounded by their number and their bytes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use models::grooming::{Assessment, ConversationRisk, MessageInput, Observation, RiskState, Turn};
use proto::grooming::v1 as wire;
use tonic::Status;

use super::memory::{Memory, Room, Weighed};
use super::{age_groups, ids, now, score_or_silence, sent_at, to_wire, turn_of};
use crate::api::stream::StreamTerms;
use crate::api::{Served, answer};
use crate::batcher::Timings;
use crate::error::RequestFault;
use crate::{App, Error, config, metrics};

/// What the conversations of one stream may take: room for ten thousand ordinary ones, of a few KiB each. Without it, those that
/// callers can make largest, close to a MiB each, would take gigabytes.
const MAX_BYTES: usize = 64 << 20;

/// One stream's memory.
pub(super) struct Watch {
    served: Arc<Served>,
    terms: StreamTerms,
    max_text_bytes: usize,
    /// Never locked across an await.
    conversations: Mutex<Memory<Watched>>,
}

/// One conversation.
struct Watched {
    turns: VecDeque<Heard>,
    risk: ConversationRisk,
    arrived: usize,
    messages: usize,
    has_alerted: bool,
    every_message: bool,
    last_state: RiskState,
}

/// A turn as it came.
struct Heard {
    /// The caller's own, which may be empty.
    message_id: String,
    turn: Turn,
}

/// A message with its score, or why it has none.
pub(super) struct Scored {
    conversation_id: String,
    message_id: String,
    result: Result<Score, Error>,
}

/// What a message showed; no observation for one without text, which says nothing.
struct Score {
    observation: Option<Observation>,
    index_sha256: String,
    timings: Timings,
}

impl Watch {
    pub(super) fn new(served: Arc<Served>, config: &config::Grooming, terms: StreamTerms) -> Arc<Self> {
        let room = Room { things: config.max_watched_conversations.get(), bytes: MAX_BYTES };
        let conversations = Mutex::new(Memory::new(room));
        Arc::new(Self { served, terms, max_text_bytes: config.max_text_bytes.get(), conversations })
    }

    /// Remembers the turn at once, then scores the message.
    pub(super) fn score(
        watch: &Arc<Self>,
        request: wire::WatchConversationsRequest,
    ) -> impl Future<Output = Scored> + use<> {
        let watch = Arc::clone(watch);
        let Noted { conversation_id, message_id, pending } = watch.note(request);
        async move {
            let result = match pending {
                Ok(pending) => watch.score_one(pending).await,
                Err(error) => Err(error),
            };
            Scored { conversation_id, message_id, result }
        }
    }

    /// Folds a score into its conversation's risk; `None` when the caller did not ask to hear of it.
    pub(super) fn update(&self, scored: Scored) -> Result<Option<wire::RiskUpdate>, Status> {
        let Scored { conversation_id, message_id, result } = scored;
        let update = match result {
            Ok(score) => self.fold(&conversation_id, score)?,
            Err(error) => {
                Some(wire::RiskUpdate { error: Some(answer::failure(&error)), ..Default::default() })
            }
        };
        Ok(update.map(|update| wire::RiskUpdate { conversation_id, message_id, ..update }))
    }

    fn note(&self, request: wire::WatchConversationsRequest) -> Noted {
        let conversation_id = request.conversation_id.clone();
        let own_id = request.message.as_ref().map(|message| message.message_id.clone());
        let pending = self.pending(request);
        let message_id = match &pending {
            Ok(pending) => pending.message_id.clone(),
            Err(_) => own_id.unwrap_or_default(),
        };
        Noted { conversation_id, message_id, pending }
    }

    fn pending(&self, request: wire::WatchConversationsRequest) -> Result<Pending, Error> {
        let app = self.served.app()?;
        ids::required(&request.conversation_id, || "conversation_id".to_owned())?;
        let message = request.message.ok_or_else(|| Error::request("message", RequestFault::Missing))?;
        ids::required(&message.author_id, || "message.author_id".to_owned())?;
        ids::bounded(&message.message_id, || "message.message_id".to_owned())?;
        let sent_at = sent_at(&message, now()).map_err(|fault| Error::request("message.sent_at", fault))?;
        let start = Start { authors: request.authors, mode: request.update_mode };
        let heard = Heard { message_id: message.message_id.clone(), turn: turn_of(&message) };
        let arrival = Arrival { conversation_id: request.conversation_id, start, heard };
        let Remembered { place, context } = self.remember(app, arrival)?;
        let message_id = ids::or_place(message.message_id, place);
        let input = MessageInput { author: message.author_id.clone(), text: message.text, context };
        Ok(Pending { input, message_id, author_id: message.author_id, sent_at })
    }

    /// Adds a turn to its conversation, which begins with it if it is new; answers the turns before it.
    fn remember(&self, app: &App, arrival: Arrival) -> Result<Remembered, Error> {
        let Arrival { conversation_id, start, heard } = arrival;
        let context_turns = app.grooming.manifest().context_turns();
        let mut conversations = self.lock();
        conversations.begin(&conversation_id, || Watched::begin(app, start))?;
        let hear = |watched: &mut Watched| watched.hear(heard, self.max_text_bytes, context_turns);
        // There is one: it was begun under the same lock.
        conversations.change(&conversation_id, hear).ok_or(Error::Internal)
    }

    async fn score_one(&self, pending: Pending) -> Result<Score, Error> {
        let terms = self.terms.now();
        let scored = self.served.app()?.grooming.score(vec![pending.input], terms);
        let scored = tokio::time::timeout_at(terms.deadline.into(), scored)
            .await
            .map_err(|_| Error::DeadlineExceeded)??;
        let result = scored.results.into_iter().next().ok_or(Error::Internal)?;
        let score = score_or_silence(result).map_err(|refusal| Error::input("message.text", refusal))?;
        let Pending { message_id, author_id, sent_at, .. } = pending;
        let observation = score.map(|score| Observation { message_id, author_id, sent_at, score });
        Ok(Score { observation, index_sha256: scored.index_sha256, timings: scored.timings })
    }

    fn fold(&self, id: &str, score: Score) -> Result<Option<wire::RiskUpdate>, Error> {
        let app = self.served.app()?;
        let message_risk = score.observation.as_ref().map_or(0.0, |observation| observation.score.risk);
        // Forgotten between arrival and score: only when more conversations than the bounds spoke in that moment.
        let observed = self.lock().change(id, |watched| watched.observe(score.observation.as_ref()));
        let Some(assessment) = observed.flatten() else { return Ok(None) };
        Ok(Some(wire::RiskUpdate {
            message_risk,
            model: Some(to_wire::model(&app.grooming, score.index_sha256)),
            timings: Some(answer::timings(score.timings)),
            ..to_wire::update(assessment)
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Memory<Watched>> {
        self.conversations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message that has arrived: it can be scored, or it is told why not.
struct Noted {
    conversation_id: String,
    message_id: String,
    pending: Result<Pending, Error>,
}

/// A message that can be scored.
struct Pending {
    input: MessageInput,
    message_id: String,
    author_id: String,
    sent_at: Option<f64>,
}

/// A turn, with what its conversation begins with if it is the first.
struct Arrival {
    conversation_id: String,
    start: Start,
    heard: Heard,
}

/// A message's place in its conversation, from 1, and the turns before it.
struct Remembered {
    place: usize,
    context: Vec<Turn>,
}

/// What is read with a conversation's first message.
struct Start {
    authors: Vec<wire::Author>,
    mode: i32,
}

impl Watched {
    fn begin(app: &App, start: Start) -> Result<Self, Error> {
        let every_message = match wire::UpdateMode::try_from(start.mode) {
            Ok(wire::UpdateMode::Unspecified | wire::UpdateMode::StateChange) => false,
            Ok(wire::UpdateMode::EveryMessage) => true,
            Err(_) => return Err(Error::request("update_mode", RequestFault::UnknownEnum(start.mode))),
        };
        Ok(Self {
            turns: VecDeque::with_capacity(app.grooming.manifest().context_turns() + 1),
            risk: app.grooming.risk_model().conversation(age_groups(start.authors)?),
            arrived: 0,
            messages: 0,
            has_alerted: false,
            every_message,
            last_state: RiskState::None,
        })
    }

    /// Takes a turn in; its place, and the turns before it.
    fn hear(&mut self, heard: Heard, max_text_bytes: usize, context_turns: usize) -> Remembered {
        self.arrived += 1;
        // One that was refused and is sent again is no earlier turn of itself.
        if !heard.message_id.is_empty() {
            self.turns.retain(|earlier| earlier.message_id != heard.message_id);
        }
        let context = self.turns.iter().map(|earlier| earlier.turn.clone()).collect();
        // A text that will be refused must not spoil the messages after it, nor fill the memory.
        if heard.turn.text.len() <= max_text_bytes {
            self.turns.push_back(heard);
        }
        while self.turns.len() > context_turns {
            self.turns.pop_front();
        }
        Remembered { place: self.arrived, context }
    }

    /// Takes a message into the risk; the assessment when the caller asked to hear of it.
    fn observe(&mut self, observation: Option<&Observation>) -> Option<Assessment> {
        if let Some(observation) = observation {
            self.risk.observe(observation);
        }
        self.messages += 1;
        let assessment = self.risk.assessment();
        let alerts = assessment.first_alert_message_id.is_some();
        if alerts && !std::mem::replace(&mut self.has_alerted, alerts) {
            metrics::alerted(self.messages);
        }
        let changed = std::mem::replace(&mut self.last_state, assessment.state) != assessment.state;
        (changed || self.every_message).then_some(assessment)
    }
}

impl Heard {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.message_id.len() + self.turn.author.len() + self.turn.text.len()
    }
}

impl Weighed for Watched {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.risk.bytes() + self.turns.iter().map(Heard::bytes).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::path::Path;

    use models::Bundle;
    use models::grooming::RiskModel;

    use super::*;

    fn watched() -> Watched {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/bundles/grooming");
        let bundle = Bundle::open(Path::new(folder)).expect("the shipped bundle");
        Watched {
            turns: VecDeque::new(),
            risk: RiskModel::new(&bundle.manifest).conversation(HashMap::new()),
            arrived: 0,
            messages: 0,
            has_alerted: false,
            every_message: false,
            last_state: RiskState::None,
        }
    }

    fn heard(message_id: &str, text: &str) -> Heard {
        let turn = Turn { author: "a".to_owned(), text: text.to_owned() };
        Heard { message_id: message_id.to_owned(), turn }
    }

    /// The texts of the turns before each message.
    fn contexts(messages: &[(&str, &str)]) -> Vec<Vec<String>> {
        let mut watched = watched();
        let mut hear = |&(id, text): &(&str, &str)| watched.hear(heard(id, text), 8, 3).context;
        let texts = |context: Vec<Turn>| context.into_iter().map(|turn| turn.text).collect();
        messages.iter().map(&mut hear).map(texts).collect()
    }

    #[test]
    fn a_message_that_is_sent_again_is_no_context_of_itself() {
        let again = contexts(&[("1", "hi"), ("2", "how old"), ("2", "how old"), ("3", "12")]);
        assert_eq!(again[1..], [vec!["hi"], vec!["hi"], vec!["hi", "how old"]]);
        let nameless = contexts(&[("", "hi"), ("", "hi"), ("", "hi")]);
        assert_eq!(nameless[2], ["hi", "hi"], "without an id nobody can tell");
    }

    #[test]
    fn the_last_turns_are_remembered_and_no_text_that_is_refused() {
        let of =
            contexts(&[("1", "a"), ("2", "far too long"), ("3", "b"), ("4", "c"), ("5", "d"), ("6", "e")]);
        assert_eq!(of[2..], [vec!["a"], vec!["a", "b"], vec!["a", "b", "c"], vec!["b", "c", "d"]]);
    }

    #[test]
    fn what_callers_can_make_large_is_counted() {
        let mut watched = watched();
        let empty = watched.bytes();
        watched.hear(heard("id", "text"), 100, 3);
        let with = |id: usize, text: usize| empty + size_of::<Heard>() + "a".len() + id + text;
        assert_eq!(watched.bytes(), with(2, 4));
        watched.hear(heard(&"i".repeat(256), &"t".repeat(100)), 100, 1);
        assert_eq!(watched.bytes(), with(256, 100), "what is forgotten counts no more");
    }
}
