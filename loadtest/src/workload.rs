//! What is called: one rpc of one service, with real input.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use proto::age::v1::EstimateAgeRequest;
use proto::age::v1::age_estimation_service_client::AgeEstimationServiceClient;
use proto::grooming::v1::grooming_detection_service_client::GroomingDetectionServiceClient;
use proto::grooming::v1::{MessageToScore, ScoreMessagesRequest};
use tonic::transport::Channel;
use tonic::{Code, Request};

use crate::run::Call;

/// Ordinary chat, short and long, for want of a file of one's own.
const MESSAGES: &str = include_str!("messages.txt");

/// `EstimateAge` with the same photo every time.
#[derive(Clone)]
pub(crate) struct Photo {
    client: AgeEstimationServiceClient<Channel>,
    image: Arc<[u8]>,
}

/// `ScoreMessages` with one message a call, each text in turn.
#[derive(Clone)]
pub(crate) struct Texts {
    client: GroomingDetectionServiceClient<Channel>,
    texts: Arc<[String]>,
}

impl Photo {
    /// With the photo in `file`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn read(file: &Path, channel: Channel) -> Result<Self> {
        let image = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Self { client: AgeEstimationServiceClient::new(channel), image: image.into() })
    }
}

impl Call for Photo {
    async fn call(&self, _: usize, timeout: Duration) -> Result<(), Code> {
        let image = self.image.to_vec();
        let request = in_time(EstimateAgeRequest { image, ..Default::default() }, timeout);
        self.client.clone().estimate_age(request).await.map_err(|status| code(&status))?;
        Ok(())
    }
}

impl Texts {
    /// With the lines of `file`, or else with built-in ones.
    ///
    /// # Errors
    /// When the file cannot be read or holds no text.
    pub(crate) fn read(file: Option<&Path>, channel: Channel) -> Result<Self> {
        let text = match file {
            None => MESSAGES.to_owned(),
            Some(file) => {
                std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
            }
        };
        let texts: Arc<[String]> =
            text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
        ensure!(!texts.is_empty(), "there is no line of text in the file of texts");
        Ok(Self { client: GroomingDetectionServiceClient::new(channel), texts })
    }
}

impl Call for Texts {
    async fn call(&self, number: usize, timeout: Duration) -> Result<(), Code> {
        let text = self.texts[number % self.texts.len()].clone();
        let messages = vec![MessageToScore { text, author_id: "a".to_owned(), ..Default::default() }];
        let request = in_time(ScoreMessagesRequest { messages }, timeout);
        let response = self.client.clone().score_messages(request).await.map_err(|status| code(&status))?;
        // A refused message is a failed call, although the rpc as a whole went well.
        match response.into_inner().results.into_iter().find_map(|result| result.error) {
            Some(failure) => Err(Code::from_i32(failure.code)),
            None => Ok(()),
        }
    }
}

fn in_time<T>(message: T, timeout: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(timeout);
    request
}

/// tonic's client answers its own expired timeout with CANCELLED; nobody else cancels here.
fn code(status: &tonic::Status) -> Code {
    match status.code() {
        Code::Cancelled => Code::DeadlineExceeded,
        other => other,
    }
}
