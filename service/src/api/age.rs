//! `ward.age.v1.AgeEstimationService`: wire → domain → wire.

use std::num::NonZeroUsize;
use std::sync::Arc;

use futures_util::StreamExt as _;
use models::age::policy::{Decision, FACES_TO_CHECK, FaceFindings, Outcome, Policy, PolicySpec, decide};
use models::age::{Estimate, PhotoInput, Reason};
use models::{InputError, PolicyFault};
use proto::age::v1 as wire;
use proto::age::v1::age_estimation_service_server::AgeEstimationService;
use proto::age::v1::check_age_request::PolicyChoice;
use tonic::{Request, Response, Status, Streaming};

use super::limits::terms_of;
use super::stream::{Answers, StreamCall};
use super::{Served, answer};
use crate::batcher::Terms;
use crate::config::INLINE;
use crate::error::RequestFault;
use crate::pipeline::{AssessedFace, AssessedPhoto};
use crate::{App, Error, metrics};

/// Photos of one stream in work at once; the stream's flow control holds back the rest.
const STREAM_WINDOW: usize = 16;

/// The service.
pub(crate) struct AgeService {
    pub(crate) served: Arc<Served>,
    pub(crate) max_faces: NonZeroUsize,
    pub(crate) max_message_bytes: usize,
}

type Results = Answers<wire::EstimateAgeStreamResponse>;

#[tonic::async_trait]
impl AgeEstimationService for AgeService {
    async fn estimate_age(
        &self,
        request: Request<wire::EstimateAgeRequest>,
    ) -> Result<Response<wire::EstimateAgeResponse>, Status> {
        let terms = terms_of(&request)?;
        let response = estimate(self.served.app()?, request.into_inner(), self.max_faces, terms).await?;
        Ok(Response::new(response))
    }

    async fn check_age(
        &self,
        request: Request<wire::CheckAgeRequest>,
    ) -> Result<Response<wire::CheckAgeResponse>, Status> {
        let terms = terms_of(&request)?;
        Ok(Response::new(check(self.served.app()?, request.into_inner(), terms).await?))
    }

    type EstimateAgeStreamStream = Results;

    async fn estimate_age_stream(
        &self,
        request: Request<Streaming<wire::EstimateAgeRequest>>,
    ) -> Result<Response<Results>, Status> {
        let call = StreamCall::begin(&request, &self.served, self.max_message_bytes)?;
        let (served, max_faces, terms) = (Arc::clone(&self.served), self.max_faces, call.terms);
        let results = call
            .messages(request.into_inner())
            .map(move |photo| one_of_stream(Arc::clone(&served), photo, max_faces, terms.now()))
            .buffer_unordered(STREAM_WINDOW);
        Ok(Response::new(call.answers(results)))
    }
}

/// One photo of a stream: its failure is an answer, and only the transport's ends the stream.
async fn one_of_stream(
    served: Arc<Served>,
    request: wire::EstimateAgeRequest,
    max_faces: NonZeroUsize,
    terms: Terms,
) -> Result<wire::EstimateAgeStreamResponse, Status> {
    use wire::estimate_age_stream_response::Result as OneResult;
    let request_id = request.request_id.clone();
    let answer = estimate(served.app()?, request, max_faces, terms);
    let result = match tokio::time::timeout_at(terms.deadline.into(), answer).await {
        Ok(Ok(response)) => OneResult::Response(response),
        Ok(Err(error)) => OneResult::Failure(answer::failure(&error)),
        Err(_) => OneResult::Failure(answer::failure(&Error::DeadlineExceeded)),
    };
    Ok(wire::EstimateAgeStreamResponse { request_id, result: Some(result) })
}

async fn estimate(
    app: &App,
    request: wire::EstimateAgeRequest,
    limit: NonZeroUsize,
    terms: Terms,
) -> Result<wire::EstimateAgeResponse, Error> {
    let thresholds = thresholds(app, request.thresholds)?;
    let asked = usize::try_from(request.max_faces).ok().and_then(NonZeroUsize::new);
    let photo = PhotoInput { bytes: request.image, max_faces: asked.map_or(limit, |asked| asked.min(limit)) };
    let assessed = assess(app, photo, terms).await?;
    Ok(wire::EstimateAgeResponse {
        request_id: request.request_id,
        faces: assessed.faces.iter().map(|face| wire_face(face, &thresholds)).collect(),
        model: Some(answer::model(app.age.identity())),
        detector: Some(answer::model(app.age.detector())),
        timings: Some(answer::timings(assessed.timings)),
    })
}

async fn check(
    app: &App,
    request: wire::CheckAgeRequest,
    terms: Terms,
) -> Result<wire::CheckAgeResponse, Error> {
    let (name, policy) = policy(app, request.policy_choice)?;
    let photo = PhotoInput { bytes: request.image, max_faces: FACES_TO_CHECK };
    let assessed = assess(app, photo, terms).await?;
    let decision = decide(&policy, &findings(&assessed.faces));
    record(&name, &decision);
    let estimate = assessed.faces.first().filter(|_| request.return_estimate);
    Ok(wire::CheckAgeResponse {
        request_id: request.request_id,
        policy_sha256: policy.sha256().to_owned(),
        model: Some(answer::model(app.age.identity())),
        detector: Some(answer::model(app.age.detector())),
        timings: Some(answer::timings(assessed.timings)),
        estimate: estimate.map(|face| wire_estimate(&face.estimate, app.age.default_thresholds())),
        ..wire_decision(&decision)
    })
}

fn record(policy: &str, decision: &Decision) {
    let reason = decision.reasons.first().map_or("NONE", |reason| reason.as_str());
    metrics::decision(policy, decision.outcome.as_str(), reason);
}

async fn assess(app: &App, photo: PhotoInput, terms: Terms) -> Result<AssessedPhoto, Error> {
    app.age.assess(photo, terms).await?.map_err(|refusal| Error::input("image", refusal))
}

fn findings(faces: &[AssessedFace]) -> Vec<FaceFindings> {
    faces.iter().map(|assessed| FaceFindings::new(&assessed.face, assessed.estimate.clone())).collect()
}

fn thresholds(app: &App, asked: Vec<u32>) -> Result<Vec<u32>, Error> {
    const AGES: std::ops::RangeInclusive<u32> = 1..=100;
    if asked.is_empty() {
        return Ok(app.age.default_thresholds().to_vec());
    }
    if asked.len() > AGES.count() {
        return Err(Error::request("thresholds", RequestFault::TooMany { count: asked.len(), limit: 100 }));
    }
    match asked.iter().position(|age| !AGES.contains(age)) {
        Some(at) => {
            Err(Error::request(format!("thresholds[{at}]"), RequestFault::OutOfRange { low: 1, high: 100 }))
        }
        None => Ok(asked),
    }
}

/// The policy asked for, and its name for the metrics.
fn policy(app: &App, choice: Option<PolicyChoice>) -> Result<(String, Policy), Error> {
    match choice {
        None => Err(Error::request("policy", RequestFault::Missing)),
        Some(PolicyChoice::Policy(spelt_out)) => Ok((INLINE.to_owned(), inline_policy(spelt_out)?)),
        Some(PolicyChoice::PolicyName(name)) => match app.policies.get(&name) {
            Some(policy) => Ok((name, policy.clone())),
            None => {
                let known = app.policies.keys().cloned().collect();
                Err(Error::request("policy_name", RequestFault::UnknownPolicy { known }))
            }
        },
    }
}

fn inline_policy(policy: wire::AgePolicy) -> Result<Policy, Error> {
    let required = |field: &str, value: Option<f32>| {
        value.ok_or_else(|| Error::request(format!("policy.{field}"), RequestFault::Missing))
    };
    let spec = PolicySpec {
        minimum_age: required("minimum_age", policy.minimum_age)?,
        pass_if_over: required("pass_if_over", policy.pass_if_over)?,
        fail_if_under: required("fail_if_under", policy.fail_if_under)?,
        max_minor_pass_probability: required(
            "max_minor_pass_probability",
            policy.max_minor_pass_probability,
        )?,
    };
    Policy::new(spec).map_err(|refusal| match refusal {
        InputError::Policy(PolicyFault::OutOfRange { field, .. }) => {
            Error::input(format!("policy.{field}"), refusal)
        }
        _ => Error::input("policy", refusal),
    })
}

fn wire_face(assessed: &AssessedFace, thresholds: &[u32]) -> wire::Face {
    let face = &assessed.face;
    let bounds = &face.bounds;
    wire::Face {
        r#box: Some(wire::Box { x: bounds.x, y: bounds.y, width: bounds.width, height: bounds.height }),
        landmarks: face.landmarks.iter().map(|point| wire::Point { x: point.x, y: point.y }).collect(),
        detection_score: face.detection_score,
        quality: Some(wire::Quality {
            size_pixels: face.quality.size_pixels,
            visible_share: face.quality.visible_share,
            sharpness: face.quality.sharpness,
            brightness: face.quality.brightness,
            turn: face.quality.turn,
            reasons: face.quality.reasons.iter().map(|reason| wire_reason(*reason)).collect(),
        }),
        estimate: Some(wire_estimate(&assessed.estimate, thresholds)),
    }
}

fn wire_estimate(estimate: &Estimate, thresholds: &[u32]) -> wire::AgeEstimate {
    let interval = &estimate.interval;
    let over = |age: &u32| wire::OverAge { age: *age, probability: estimate.probability_over(*age) };
    wire::AgeEstimate {
        age_years: estimate.age_years,
        interval: Some(wire::Interval {
            low: interval.low,
            high: interval.high,
            coverage: interval.coverage,
        }),
        over: thresholds.iter().map(over).collect(),
    }
}

fn wire_decision(decision: &Decision) -> wire::CheckAgeResponse {
    let outcome = match decision.outcome {
        Outcome::Pass => wire::Outcome::Pass,
        Outcome::Fail => wire::Outcome::Fail,
        Outcome::Refer => wire::Outcome::Refer,
    };
    wire::CheckAgeResponse {
        outcome: outcome.into(),
        reasons: decision.reasons.iter().map(|reason| wire_reason(*reason)).collect(),
        retryable: decision.retryable,
        guidance: decision.guidance.to_owned(),
        ..Default::default()
    }
}

fn wire_reason(reason: Reason) -> i32 {
    let reason = match reason {
        Reason::NoFace => wire::Reason::NoFace,
        Reason::MultipleFaces => wire::Reason::MultipleFaces,
        Reason::FaceTooSmall => wire::Reason::FaceTooSmall,
        Reason::FaceCutOff => wire::Reason::FaceCutOff,
        Reason::Blurred => wire::Reason::Blurred,
        Reason::TooDark => wire::Reason::TooDark,
        Reason::TooBright => wire::Reason::TooBright,
        Reason::ExtremePose => wire::Reason::ExtremePose,
        Reason::InBufferZone => wire::Reason::InBufferZone,
        Reason::IntervalTooWide => wire::Reason::IntervalTooWide,
        Reason::MinorRisk => wire::Reason::MinorRisk,
    };
    reason.into()
}
