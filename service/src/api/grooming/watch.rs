//! What one `WatchConversations` stream remembers: for each conversation the last turns and the risk so far.
//!
//! Turns are taken when a message arrives, so that the scores of many messages can be computed side by side; risks are
//! folded when the scores come, in the order of arrival. Both are bounded by the number of conversations remembered.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use models::grooming::{Assessment, ConversationRisk, MessageInput, Observation, RiskState, Turn};
use proto::grooming::v1 as wire;
use tonic::Status;

use super::{age_groups, ids, score_or_silence, sent_at, to_wire, turn_of};
use crate::api::{Served, answer};
use crate::batcher::{Priority, Timings};
use crate::error::RequestFault;
use crate::{App, Error, config, metrics};

/// One stream's memory.
pub(super) struct Watch {
    served: Arc<Served>,
    priority: Priority,
    max_text_bytes: usize,
    /// Never locked across an await.
    conversations: Mutex<LruCache<String, Watched>>,
}

/// One conversation.
struct Watched {
    turns: VecDeque<Turn>,
    risk: ConversationRisk,
    arrived: usize,
    messages: usize,
    has_alerted: bool,
    every_message: bool,
    last_state: RiskState,
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
    pub(super) fn new(served: Arc<Served>, config: &config::Grooming, priority: Priority) -> Arc<Self> {
        let conversations = Mutex::new(LruCache::new(config.max_watched_conversations));
        Arc::new(Self { served, priority, max_text_bytes: config.max_text_bytes.get(), conversations })
    }

    /// Remembers the turn at once, then scores the message.
    pub(super) fn score(
        watch: &Arc<Self>,
        message: Result<wire::WatchConversationsRequest, Status>,
    ) -> impl Future<Output = Result<Scored, Status>> + use<> {
        let watch = Arc::clone(watch);
        let noted = message.map(|request| watch.note(request));
        async move {
            let Noted { conversation_id, message_id, pending } = noted?;
            let result = match pending {
                Ok(pending) => watch.score_one(pending).await,
                Err(error) => Err(error),
            };
            Ok(Scored { conversation_id, message_id, result })
        }
    }

    /// Folds a score into its conversation's risk; `None` when the caller did not ask to hear of it.
    pub(super) fn update(&self, scored: Result<Scored, Status>) -> Result<Option<wire::RiskUpdate>, Status> {
        let Scored { conversation_id, message_id, result } = scored?;
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
        let sent_at = sent_at(&message).map_err(|fault| Error::request("message.sent_at", fault))?;
        let start = Start { authors: request.authors, mode: request.update_mode };
        let turn = turn_of(&message);
        let arrival = Arrival { conversation_id: request.conversation_id, start, turn };
        let Remembered { place, context } = self.remember(app, arrival)?;
        let message_id = ids::or_place(message.message_id, place);
        let input = MessageInput { author: message.author_id.clone(), text: message.text, context };
        Ok(Pending { input, message_id, author_id: message.author_id, sent_at })
    }

    /// Adds a turn to its conversation, which begins with it if it is new; answers the turns before it.
    fn remember(&self, app: &App, arrival: Arrival) -> Result<Remembered, Error> {
        let mut conversations = self.lock();
        let begin = || Watched::begin(app, arrival.start);
        let watched = conversations.try_get_or_insert_mut(arrival.conversation_id, begin)?;
        watched.arrived += 1;
        let remembered =
            Remembered { place: watched.arrived, context: watched.turns.iter().cloned().collect() };
        // A text that will be refused must not spoil the messages after it, nor fill the memory.
        if arrival.turn.text.len() <= self.max_text_bytes {
            watched.turns.push_back(arrival.turn);
        }
        while watched.turns.len() > app.grooming.manifest().context_turns() {
            watched.turns.pop_front();
        }
        Ok(remembered)
    }

    async fn score_one(&self, pending: Pending) -> Result<Score, Error> {
        let terms = self.served.terms_now(self.priority);
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
        let mut conversations = self.lock();
        // Forgotten between arrival and score: only when more conversations than the bound spoke in that moment.
        let Some(watched) = conversations.get_mut(id) else { return Ok(None) };
        let Some(assessment) = watched.observe(score.observation.as_ref()) else { return Ok(None) };
        Ok(Some(wire::RiskUpdate {
            message_risk,
            model: Some(to_wire::model(&app.grooming, score.index_sha256)),
            timings: Some(answer::timings(score.timings)),
            ..to_wire::update(assessment)
        }))
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<String, Watched>> {
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
    turn: Turn,
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
