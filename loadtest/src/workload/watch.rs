//! `WatchConversations`: whole conversations in turn, with an update at every message.

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use prost::Message as _;
use proto::grooming::v1::{ConversationMessage, RiskUpdate, UpdateMode, WatchConversationsRequest};
use tonic::Code;

use super::alone::no_reference;
use super::{Alone, Cursor, Key, ModelName, Sent, StreamAnswer, Streamed, WATCH_CONVERSATIONS, failure_code};
use crate::score::Score;
use crate::texts::{Conversation, Message};
use crate::wire::joined;

/// The conversations.
pub(crate) struct Watched {
    conversations: Vec<Range>,
    messages: Vec<Vec<u8>>,
    /// Of each message.
    alone: Vec<Option<Score>>,
}

/// A conversation's messages among all.
#[derive(Debug, Clone, Copy)]
struct Range {
    first: usize,
    count: u32,
}

impl Watched {
    /// These conversations, and the model that scored them one by one on one stream.
    ///
    /// # Errors
    /// When a message is not answered there.
    pub(crate) async fn prepare(
        conversations: &[Conversation],
        alone: &Alone<'_>,
    ) -> Result<(Self, Option<ModelName>)> {
        let mut watched = Self::new(conversations)?;
        alone.progress.set_length(watched.messages.len() as u64);
        let mut talk = alone.talk(WATCH_CONVERSATIONS).await?;
        let (mut cursor, mut model) = (Cursor::at(0), None);
        for number in 0..watched.messages.len() {
            talk.send(watched.next(&mut cursor).framed)?;
            let answer =
                talk.next().await.map_err(|refusal| anyhow::anyhow!(no_reference(number, refusal.code)))?;
            let answer = answer.context("the stream ended before there was any load")?;
            let update = RiskUpdate::decode(answer).context("an answer is none of Ward's")?;
            watched.alone.push(score(&update, number)?);
            model = model.or(update.model.map(ModelName::from));
            alone.progress.inc(1);
        }
        Ok((watched, model))
    }

    fn new(conversations: &[Conversation]) -> Result<Self> {
        let mut watched = Self { conversations: Vec::new(), messages: Vec::new(), alone: Vec::new() };
        for conversation in conversations {
            let range = Range { first: watched.messages.len(), count: u32::try_from(conversation.len())? };
            watched.conversations.push(range);
            watched.messages.extend(encoded(conversation));
        }
        Ok(watched)
    }
}

impl Streamed for Watched {
    fn next(&self, cursor: &mut Cursor) -> Sent {
        let Range { first, count } = self.conversations[cursor.at % self.conversations.len()];
        let input = first + cursor.place as usize;
        let key = Key { subject: cursor.begun, place: cursor.place + 1 };
        cursor.place += 1;
        if cursor.place == count {
            *cursor = Cursor { begun: cursor.begun + 1, at: cursor.at + 1, place: 0 };
        }
        let conversation_id = key.subject.to_string();
        let id = WatchConversationsRequest { conversation_id, ..Default::default() };
        Sent { framed: joined(&id.encode_to_vec(), &self.messages[input]), key, input }
    }

    fn read(&self, answer: Bytes) -> Option<StreamAnswer> {
        let update = RiskUpdate::decode(answer).ok()?;
        let subject = update.conversation_id.parse().ok()?;
        let key = Key { subject, place: update.message_id.parse().ok()? };
        let result = match &update.error {
            Some(failure) => Err(failure_code(failure.code)),
            None => Ok(Score::of_update(&update)),
        };
        Some(StreamAnswer { key, result })
    }

    fn alone(&self, input: usize) -> Option<&Score> {
        self.alone[input].as_ref()
    }
}

/// Messages without their conversation's id; each has an id of its own, its place.
fn encoded(conversation: &[Message]) -> Vec<Vec<u8>> {
    let (mut authors, mut messages) = (HashMap::new(), Vec::with_capacity(conversation.len()));
    for (at, message) in conversation.iter().enumerate() {
        let known = authors.len();
        let author: usize = *authors.entry(&message.author).or_insert(known);
        let message = ConversationMessage {
            message_id: (at + 1).to_string(),
            author_id: author.to_string(),
            text: message.text.clone(),
            ..Default::default()
        };
        let update_mode = UpdateMode::EveryMessage.into();
        let request = WatchConversationsRequest { message: Some(message), update_mode, ..Default::default() };
        messages.push(request.encode_to_vec());
    }
    messages
}

/// None: such a message is refused.
fn score(update: &RiskUpdate, number: usize) -> Result<Option<Score>> {
    match update.error.as_ref().map(|failure| failure_code(failure.code)) {
        None => Ok(Some(Score::of_update(update))),
        Some(Code::InvalidArgument) => Ok(None),
        Some(code) => bail!(no_reference(number, code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_stream_goes_on_with_the_next_conversation() {
        let say = |text: &str| Message { author: "x".into(), text: text.into() };
        let watched = Watched::new(&[vec![say("one"), say("two")], vec![say("three")]]).unwrap();
        let mut cursor = Cursor::at(0);
        watched.next(&mut cursor);
        let mut another = cursor.anew();
        assert_eq!((watched.next(&mut another).input, watched.next(&mut cursor).input), (2, 1));
        assert_eq!(watched.next(&mut cursor.anew()).input, 2, "a conversation that is whole is not skipped");
    }

    #[test]
    fn conversations_follow_each_other_and_begin_anew_under_another_id() {
        let say = |author: &str, text: &str| Message { author: author.into(), text: text.into() };
        let conversations = [vec![say("x", "one"), say("y", "two")], vec![say("z", "three")]];
        let watched = Watched::new(&conversations).unwrap();
        let mut cursor = Cursor::at(1);
        let sent: Vec<_> = (0..4).map(|_| watched.next(&mut cursor)).collect();
        let seen: Vec<_> = sent
            .iter()
            .map(|sent| {
                let request = WatchConversationsRequest::decode(&sent.framed[5..]).unwrap();
                let message = request.message.unwrap();
                assert_eq!(message.message_id, sent.key.place.to_string());
                (request.conversation_id, message.author_id, message.text, sent.input)
            })
            .collect();
        let expect =
            |id: &str, author: &str, text: &str, input| (id.into(), author.into(), text.into(), input);
        let whole = [
            expect("0", "0", "three", 2),
            expect("1", "0", "one", 0),
            expect("1", "1", "two", 1),
            expect("2", "0", "three", 2),
        ];
        assert_eq!(seen, whole);
    }
}
