//! `EstimateAge` and `EstimateAgeStream`: each photo in turn.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use prost::Message as _;
use proto::age::v1::estimate_age_stream_response::Result as OneResult;
use proto::age::v1::{EstimateAgeRequest, EstimateAgeResponse, EstimateAgeStreamResponse};
use tonic::Code;

use super::{
    Alone, Cursor, ESTIMATE_AGE, ESTIMATE_AGE_STREAM, Key, ModelName, Sent, StreamAnswer, Streamed, Unary,
};
use super::{failure_code, place};
use crate::score::{Checked, Score};
use crate::wire::{frame, joined};

/// The photos.
pub(crate) struct Photos {
    photos: Vec<Prepared>,
    alone: Vec<Option<Score>>,
}

/// One photo.
struct Prepared {
    framed: Bytes,
    /// Where the message begins within the frame.
    message: Bytes,
}

impl Photos {
    /// Of these files, and the model that judged them alone.
    ///
    /// # Errors
    /// When a file cannot be read, or is not answered alone.
    pub(crate) async fn prepare(files: &[PathBuf], alone: &Alone<'_>) -> Result<(Self, Option<ModelName>)> {
        let mut photos = Vec::with_capacity(files.len());
        for file in files {
            let image = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            photos.push(Prepared::new(image));
        }
        let requests: Vec<_> = photos.iter().map(|photo| photo.framed.clone()).collect();
        let (mut scores, mut model) = (Vec::with_capacity(photos.len()), None);
        for answer in alone.ask(ESTIMATE_AGE, &requests).await? {
            let answer = answer.map(EstimateAgeResponse::decode).transpose();
            let answer = answer.context("an answer is none of Ward's")?;
            scores.push(answer.as_ref().map(Score::of_photo));
            model = model.or(answer.and_then(|answer| answer.model).map(ModelName::from));
        }
        Ok((Self { photos, alone: scores }, model))
    }

    /// Whether each of them can be sent on a stream without ending it, as one ends it that is too large for a message. What
    /// is too large the server decides: so each that was refused alone is tried on a stream that nobody needs.
    ///
    /// # Errors
    /// When one cannot.
    pub(crate) async fn fit_streams(&self, files: &[PathBuf], alone: &Alone<'_>) -> Result<()> {
        let refused = files.iter().enumerate().filter(|(number, _)| self.alone[*number].is_none());
        for (number, file) in refused {
            let mut talk = alone.talk(ESTIMATE_AGE_STREAM).await?;
            talk.send(self.next(&mut Cursor::at(number)).framed)?;
            ensure!(
                matches!(talk.next().await, Ok(Some(_))),
                "{} ends the stream that it is sent on, as a photo does that is too large for a message: leave it out, or \
                 call without --stream",
                file.display()
            );
        }
        Ok(())
    }
}

impl Prepared {
    fn new(image: Vec<u8>) -> Self {
        let framed = frame(&EstimateAgeRequest { image, ..Default::default() });
        Self { message: framed.slice(5..), framed }
    }
}

impl Unary for Photos {
    fn framed(&self, number: u64) -> Bytes {
        self.photos[place(number, self.photos.len())].framed.clone()
    }

    fn check(&self, number: u64, answer: Bytes) -> Checked {
        let alone = self.alone[place(number, self.alone.len())].as_ref();
        match EstimateAgeResponse::decode(answer) {
            Ok(answer) => Checked::answer(&Score::of_photo(&answer), alone),
            Err(_) => Checked::failure(Code::Internal),
        }
    }
}

impl Streamed for Photos {
    fn next(&self, cursor: &mut Cursor) -> Sent {
        let input = cursor.at % self.photos.len();
        let key = Key { subject: cursor.begun, place: 0 };
        cursor.at += 1;
        cursor.begun += 1;
        let id = EstimateAgeRequest { request_id: key.subject.to_string(), ..Default::default() };
        Sent { framed: joined(&id.encode_to_vec(), &self.photos[input].message), key, input }
    }

    fn read(&self, answer: Bytes) -> Option<StreamAnswer> {
        let answer = EstimateAgeStreamResponse::decode(answer).ok()?;
        let key = Key { subject: answer.request_id.parse().ok()?, place: 0 };
        let result = match answer.result? {
            OneResult::Response(response) => Ok(Score::of_photo(&response)),
            OneResult::Failure(failure) => Err(failure_code(failure.code)),
        };
        Some(StreamAnswer { key, result })
    }

    fn alone(&self, input: usize) -> Option<&Score> {
        self.alone[input].as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_of_a_stream_take_turns_and_have_ids_of_their_own() {
        let photos = [vec![1], vec![2]].map(Prepared::new).into();
        let photos = Photos { photos, alone: vec![None, None] };
        let mut cursor = Cursor::at(1);
        let sent: Vec<_> = (0..3).map(|_| photos.next(&mut cursor)).collect();
        let request = |sent: &Sent| EstimateAgeRequest::decode(&sent.framed[5..]).unwrap();
        let requests: Vec<_> = sent.iter().map(request).collect();
        let seen: Vec<_> =
            requests.iter().map(|request| (request.request_id.as_str(), request.image[0])).collect();
        assert_eq!(seen, [("0", 2), ("1", 1), ("2", 2)]);
        assert_eq!(sent.iter().map(|sent| sent.input).collect::<Vec<_>>(), [1, 0, 1]);
    }
}
