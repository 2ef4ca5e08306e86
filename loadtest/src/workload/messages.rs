//! `ScoreMessages`: each text by itself, so many to a call.

use std::num::NonZeroUsize;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use prost::Message as _;
use proto::grooming::v1::{MessageResult, MessageToScore, ScoreMessagesRequest, ScoreMessagesResponse};
use tonic::Code;

use super::alone::no_reference;
use super::{Alone, ModelName, SCORE_MESSAGES, Unary, failure_code, place};
use crate::score::{Checked, Score};
use crate::texts;
use crate::wire::frame;

/// The calls, which are made in turn.
pub(crate) struct Messages {
    calls: Vec<Prepared>,
    /// Of each distinct text.
    alone: Vec<Option<Score>>,
}

/// One call.
struct Prepared {
    framed: Bytes,
    /// The place of each of its texts among the distinct ones.
    texts: Vec<usize>,
}

impl Messages {
    /// With `batch` of the texts in each call, and the model that scored them alone.
    ///
    /// # Errors
    /// When a text is not answered alone.
    pub(crate) async fn prepare(
        texts: &[String],
        batch: NonZeroUsize,
        alone: &Alone<'_>,
    ) -> Result<(Self, Option<ModelName>)> {
        let (distinct, order) = texts::distinct(texts);
        let single = |text: &String| frame(&request(std::iter::once(text.as_str())));
        let requests: Vec<_> = distinct.iter().map(single).collect();
        let answers = alone.ask(SCORE_MESSAGES, &requests).await?;
        let (mut scores, mut model) = (Vec::with_capacity(answers.len()), None);
        for (number, answer) in answers.into_iter().enumerate() {
            let Some(answer) = answer else {
                scores.push(None);
                continue;
            };
            let answer = ScoreMessagesResponse::decode(answer).context("an answer is none of Ward's")?;
            scores.push(score(answer.results.first(), number)?);
            model = model.or(answer.model.map(ModelName::from));
        }
        let calls = prepared(&distinct, &order, batch);
        Ok((Self { calls, alone: scores }, model))
    }

    fn check_one(&self, result: &MessageResult, text: usize) -> Checked {
        match &result.error {
            Some(failure) => Checked::failure(failure_code(failure.code)),
            None => Checked::answer(&Score::of_message(result), self.alone[text].as_ref()),
        }
    }
}

impl Unary for Messages {
    fn framed(&self, number: u64) -> Bytes {
        self.calls[place(number, self.calls.len())].framed.clone()
    }

    fn check(&self, number: u64, answer: Bytes) -> Checked {
        let texts = &self.calls[place(number, self.calls.len())].texts;
        match ScoreMessagesResponse::decode(answer) {
            Ok(answer) if answer.results.len() == texts.len() => {
                answer.results.iter().zip(texts).map(|(result, text)| self.check_one(result, *text)).sum()
            }
            _ => Checked::failure(Code::Internal),
        }
    }
}

/// Every text is in some call, and each call is full: the last takes some of the first.
fn prepared(distinct: &[String], order: &[usize], batch: NonZeroUsize) -> Vec<Prepared> {
    let call = |number: usize| {
        let first = number * batch.get();
        let texts: Vec<_> = (first..first + batch.get()).map(|at| order[at % order.len()]).collect();
        let framed = frame(&request(texts.iter().map(|text| distinct[*text].as_str())));
        Prepared { framed, texts }
    };
    (0..order.len().div_ceil(batch.get())).map(call).collect()
}

fn request<'a>(texts: impl Iterator<Item = &'a str>) -> ScoreMessagesRequest {
    let message = |text: &str| MessageToScore {
        text: text.to_owned(),
        author_id: "a".to_owned(),
        ..Default::default()
    };
    ScoreMessagesRequest { messages: texts.map(message).collect() }
}

/// None: such a text is refused.
fn score(result: Option<&MessageResult>, number: usize) -> Result<Option<Score>> {
    let Some(result) = result else { bail!(no_reference(number, Code::Internal)) };
    match result.error.as_ref().map(|failure| failure_code(failure.code)) {
        None => Ok(Some(Score::of_message(result))),
        Some(Code::InvalidArgument) => Ok(None),
        Some(code) => bail!(no_reference(number, code)),
    }
}

#[cfg(test)]
mod tests {
    use proto::answer::v1::Failure;

    use super::*;

    fn messages(batch: usize) -> Messages {
        let distinct = ["a", "b", "c"].map(str::to_owned);
        let calls = prepared(&distinct, &[0, 1, 0, 2, 1], NonZeroUsize::new(batch).unwrap());
        let alone = [0.1, 0.2, 0.3].map(|risk| Some(Score::of_message(&result(risk)))).to_vec();
        Messages { calls, alone }
    }

    fn result(risk: f32) -> MessageResult {
        MessageResult { risk, ..Default::default() }
    }

    fn check(number: u64, results: Vec<MessageResult>) -> Checked {
        let answer = ScoreMessagesResponse { results, ..Default::default() }.encode_to_vec();
        messages(2).check(number, answer.into())
    }

    #[test]
    fn every_text_is_sent_and_every_call_is_full() {
        let texts: Vec<_> = messages(2).calls.into_iter().map(|call| call.texts).collect();
        assert_eq!(texts, [[0, 1], [0, 2], [1, 0]]);
        assert_eq!(messages(1).calls.len(), 5);
        let framed = messages(2).framed(4);
        let request = ScoreMessagesRequest::decode(&framed[5..]).unwrap();
        assert_eq!(request.messages.iter().map(|message| &message.text).collect::<Vec<_>>(), ["a", "c"]);
    }

    #[test]
    fn each_answer_is_compared_with_its_own_text() {
        assert_eq!(
            check(1, vec![result(0.1), result(0.3)]),
            Checked { items: 2, mismatches: 0, failure: None }
        );
        assert_eq!(
            check(1, vec![result(0.3), result(0.1)]),
            Checked { items: 2, mismatches: 2, failure: None }
        );
        assert_eq!(check(0, vec![result(0.1)]).failure, Some(Code::Internal));
    }

    #[test]
    fn a_message_without_an_answer_fails_its_call_and_the_others_are_compared() {
        let failure = Failure { code: Code::DeadlineExceeded as i32, ..Default::default() };
        let failed = MessageResult { error: Some(failure), ..Default::default() };
        let checked = check(0, vec![failed, result(0.4)]);
        let expected = Checked { items: 1, mismatches: 1, failure: Some(Code::DeadlineExceeded) };
        assert_eq!(checked, expected);
    }
}
