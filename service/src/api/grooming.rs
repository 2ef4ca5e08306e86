//! `ward.grooming.v1.GroomingDetectionService`: wire → domain → wire.

mod ids;
mod memory;
mod to_wire;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::StreamExt as _;
use models::InputError;
use models::grooming::{
    AgeGroup, Assessment, MessageInput, MessageScore, Observation, Turn, messages_in_context,
};
use proto::grooming::v1 as wire;
use proto::grooming::v1::grooming_detection_service_server::GroomingDetectionService;
use tonic::{Request, Response, Status, Streaming};

use super::limits::terms_of;
use super::stream::{Answers, StreamCall};
use super::{Served, answer};
use crate::batcher::Terms;
use crate::error::RequestFault;
use crate::pipeline::ScoredMessage;
use crate::{App, Error, config, metrics};
use watch::Watch;

/// Messages of one stream in work at once; the stream's flow control holds back the rest.
const STREAM_WINDOW: usize = 64;

/// What a platform may tell of the authors of one conversation.
const MAX_AUTHORS: usize = 1000;

/// The service.
pub(crate) struct GroomingService {
    pub(crate) served: Arc<Served>,
    pub(crate) config: config::Grooming,
    pub(crate) max_message_bytes: usize,
}

/// By so much a sender's clock may be fast. A time further ahead is none: believed, it would fade all evidence before it, for good.
const SECONDS_AHEAD: f64 = 86_400.0;

type Updates = Answers<wire::RiskUpdate>;

#[tonic::async_trait]
impl GroomingDetectionService for GroomingService {
    async fn score_messages(
        &self,
        request: Request<wire::ScoreMessagesRequest>,
    ) -> Result<Response<wire::ScoreMessagesResponse>, Status> {
        let terms = terms_of(&request)?;
        let messages = request.into_inner().messages;
        bound(messages.len(), self.config.max_messages.get())?;
        Ok(Response::new(score_messages(self.served.app()?, messages, terms).await?))
    }

    async fn score_conversation(
        &self,
        request: Request<wire::ScoreConversationRequest>,
    ) -> Result<Response<wire::ScoreConversationResponse>, Status> {
        let terms = terms_of(&request)?;
        let request = request.into_inner();
        bound(request.messages.len(), self.config.max_conversation_messages.get())?;
        Ok(Response::new(score_conversation(self.served.app()?, request, terms).await?))
    }

    type WatchConversationsStream = Updates;

    async fn watch_conversations(
        &self,
        request: Request<Streaming<wire::WatchConversationsRequest>>,
    ) -> Result<Response<Updates>, Status> {
        let call = StreamCall::begin(&request, &self.served, self.max_message_bytes)?;
        let watch = Watch::new(Arc::clone(&self.served), &self.config, call.terms);
        let scoring = Arc::clone(&watch);
        let updates = call
            .messages(request.into_inner())
            // Context is taken in order of arrival, scores come side by side, risks are folded in order again.
            .map(move |message| Watch::score(&scoring, message))
            .buffered(STREAM_WINDOW)
            .filter_map(move |scored| std::future::ready(watch.update(scored).transpose()));
        Ok(Response::new(call.answers(updates)))
    }
}

fn bound(count: usize, limit: usize) -> Result<(), Error> {
    match count {
        0 => Err(Error::request("messages", RequestFault::Missing)),
        _ if count > limit => Err(Error::request("messages", RequestFault::TooMany { count, limit })),
        _ => Ok(()),
    }
}

async fn score_messages(
    app: &App,
    messages: Vec<wire::MessageToScore>,
    terms: Terms,
) -> Result<wire::ScoreMessagesResponse, Error> {
    let (ids, inputs): (Vec<_>, Vec<_>) = messages.into_iter().map(message_input).unzip();
    let scored = app.grooming.score(inputs, terms).await?;
    let results = ids.into_iter().zip(scored.results).enumerate();
    Ok(wire::ScoreMessagesResponse {
        results: results
            .map(|(at, (id, result))| match result {
                Ok(scored) => to_wire::message(id, &scored, app.grooming.manifest()),
                Err(refusal) => to_wire::refusal(id, &Error::input(text_field(at), refusal)),
            })
            .collect(),
        model: Some(to_wire::model(&app.grooming, scored.index_sha256)),
        timings: Some(answer::timings(scored.timings)),
    })
}

fn message_input(message: wire::MessageToScore) -> (String, MessageInput) {
    let turn = |turn: wire::Turn| Turn { author: turn.author_id, text: turn.text };
    let context = message.context.into_iter().map(turn).collect();
    (message.message_id, MessageInput { author: message.author_id, text: message.text, context })
}

async fn score_conversation(
    app: &App,
    request: wire::ScoreConversationRequest,
    terms: Terms,
) -> Result<wire::ScoreConversationResponse, Error> {
    let mut conversation = app.grooming.risk_model().conversation(age_groups(request.authors)?);
    let sent_at = sent_at_all(&request.messages)?;
    let context_turns = app.grooming.manifest().context_turns();
    let turns = turns(&request.messages)?;
    no_text_too_long(app, &turns)?;
    let inputs = messages_in_context(&turns, context_turns);
    let scored = app.grooming.score(inputs, terms).await?;
    let mut message_risks = Vec::with_capacity(sent_at.len());
    for (at, (message, result)) in request.messages.into_iter().zip(scored.results).enumerate() {
        let score = score_or_silence(result).map_err(|refusal| Error::input(text_field(at), refusal))?;
        let risk = score.map_or(0.0, |score| score.risk);
        let (message_id, author_id) = (ids::or_place(message.message_id, at + 1), message.author_id);
        message_risks.push(wire::MessageRisk { message_id: message_id.clone(), risk });
        if let Some(score) = score {
            conversation.observe(&Observation { message_id, author_id, sent_at: sent_at[at], score });
        }
    }
    let assessment = conversation.assessment();
    record_alert(&assessment, &message_risks);
    Ok(wire::ScoreConversationResponse {
        conversation_id: request.conversation_id,
        message_risks,
        model: Some(to_wire::model(&app.grooming, scored.index_sha256)),
        timings: Some(answer::timings(scored.timings)),
        ..to_wire::conversation(assessment)
    })
}

/// A message without text (somebody sent a picture, say) is no fault of the conversation: it just says nothing.
fn score_or_silence(result: Result<ScoredMessage, InputError>) -> Result<Option<MessageScore>, InputError> {
    match result {
        Ok(scored) => Ok(Some(scored.score)),
        Err(InputError::TextEmpty) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

fn record_alert(assessment: &Assessment, messages: &[wire::MessageRisk]) {
    let is_first_alert =
        |message: &wire::MessageRisk| Some(&message.message_id) == assessment.first_alert_message_id.as_ref();
    if let Some(before) = messages.iter().position(is_first_alert) {
        metrics::alerted(before + 1);
    }
}

fn turns(messages: &[wire::ConversationMessage]) -> Result<Vec<Turn>, Error> {
    let turn = |(at, message): (usize, &wire::ConversationMessage)| {
        ids::required(&message.author_id, || format!("messages[{at}].author_id"))?;
        ids::bounded(&message.message_id, || format!("messages[{at}].message_id"))?;
        Ok(turn_of(message))
    };
    messages.iter().enumerate().map(turn).collect()
}

/// Refuses a conversation of which a text would be refused, before each text is copied for the turns after it.
fn no_text_too_long(app: &App, turns: &[Turn]) -> Result<(), Error> {
    let refusal = |(at, turn): (usize, &Turn)| Some((at, app.grooming.too_long(&turn.text)?));
    match turns.iter().enumerate().find_map(refusal) {
        Some((at, refusal)) => Err(Error::input(text_field(at), refusal)),
        None => Ok(()),
    }
}

fn turn_of(message: &wire::ConversationMessage) -> Turn {
    Turn { author: message.author_id.clone(), text: message.text.clone() }
}

fn text_field(at: usize) -> String {
    format!("messages[{at}].text")
}

fn sent_at_all(messages: &[wire::ConversationMessage]) -> Result<Vec<Option<f64>>, Error> {
    let now = now();
    let of = |(at, message): (usize, &wire::ConversationMessage)| {
        sent_at(message, now).map_err(|fault| Error::request(format!("messages[{at}].sent_at"), fault))
    };
    messages.iter().enumerate().map(of).collect()
}

/// The clock, in seconds since the Unix epoch.
fn now() -> f64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs_f64()
}

/// Seconds since the Unix epoch; `None` also for a time that cannot be `now`'s past.
#[allow(clippy::cast_precision_loss)] // seconds of four-digit years are far below 2^52
fn sent_at(message: &wire::ConversationMessage, now: f64) -> Result<Option<f64>, RequestFault> {
    const FIRST: i64 = -62_135_596_800; // 0001-01-01T00:00:00Z
    const LAST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z
    match message.sent_at {
        None => Ok(None),
        Some(time) if (FIRST..=LAST).contains(&time.seconds) && (0..1_000_000_000).contains(&time.nanos) => {
            let seconds = time.seconds as f64 + f64::from(time.nanos) * 1e-9;
            Ok(Some(seconds).filter(|&seconds| seconds <= now + SECONDS_AHEAD))
        }
        Some(_) => Err(RequestFault::Timestamp),
    }
}

fn age_groups(authors: Vec<wire::Author>) -> Result<HashMap<String, AgeGroup>, Error> {
    if authors.len() > MAX_AUTHORS {
        let fault = RequestFault::TooMany { count: authors.len(), limit: MAX_AUTHORS };
        return Err(Error::request("authors", fault));
    }
    let mut groups = HashMap::with_capacity(authors.len());
    for (at, author) in authors.into_iter().enumerate() {
        ids::required(&author.author_id, || format!("authors[{at}].author_id"))?;
        let group = match wire::AgeGroup::try_from(author.age_group) {
            Ok(wire::AgeGroup::Unspecified) => continue,
            Ok(wire::AgeGroup::Minor) => AgeGroup::Minor,
            Ok(wire::AgeGroup::Adult) => AgeGroup::Adult,
            Err(_) => {
                let fault = RequestFault::UnknownEnum(author.age_group);
                return Err(Error::request(format!("authors[{at}].age_group"), fault));
            }
        };
        groups.insert(author.author_id, group);
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_more_than_a_day_ahead_is_none() {
        const NOW: i64 = 1_700_000_000;
        let at = |ahead: i64| {
            let time = Some(prost_types::Timestamp { seconds: NOW + ahead, nanos: 0 });
            let message = wire::ConversationMessage { sent_at: time, ..Default::default() };
            sent_at(&message, NOW as f64).expect("a time")
        };
        let known = [-1_000_000, 0, 86_400].map(|ahead| at(ahead).is_some());
        assert_eq!((known, at(86_401), at(365 * 86_400)), ([true; 3], None, None));
    }
}
