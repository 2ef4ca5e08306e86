//! Ages over gRPC are the ages of the pipeline in process.

use models::age::{AgeManifest, DetectorManifest, Estimator, ImageLimits, PhotoInput, Prepare};
use models::{Bundle, Stage as _};
use proto::age::v1::check_age_request::PolicyChoice;
use proto::age::v1::{AgePolicy, CheckAgeRequest, EstimateAgeRequest, Outcome, Reason};

use crate::server::{Server, config, count, portrait};

fn request() -> EstimateAgeRequest {
    EstimateAgeRequest { request_id: "one".into(), image: portrait(), ..Default::default() }
}

fn check(policy: PolicyChoice) -> CheckAgeRequest {
    CheckAgeRequest { image: portrait(), policy_choice: Some(policy), ..Default::default() }
}

#[tokio::test]
async fn the_same_photo_has_the_same_age_over_grpc_and_in_process() {
    let server = Server::ready().await;
    let answer = server.age().estimate_age(request()).await.expect("an answer").into_inner();

    let config = config().age;
    let detector = Bundle::<DetectorManifest>::open(&config.detector).expect("a bundle");
    let bundle = Bundle::<AgeManifest>::open(&config.bundle).expect("a bundle");
    let limits = ImageLimits { max_pixels: config.max_pixels.get() };
    let mut prepare = Prepare::open(&detector, &bundle, limits, count(1)).expect("a detector");
    let mut estimator = Estimator::open(&bundle, count(1)).expect("an estimator");
    let photo = PhotoInput { bytes: portrait(), max_faces: count(16) };
    let faces = prepare.run(vec![photo]).expect("no fault of ours").remove(0).expect("a photo");
    let estimates = estimator.run(faces.iter().map(|face| face.crop.clone()).collect()).expect("estimates");

    assert_eq!(answer.request_id, "one");
    assert_eq!(answer.faces.len(), faces.len());
    let (served, local) = (answer.faces[0].estimate.clone().expect("an estimate"), &estimates[0]);
    assert!((served.age_years - local.age_years).abs() < 1e-2);
    assert_eq!(
        served.over.iter().map(|over| over.age).collect::<Vec<_>>(),
        bundle.manifest.answer.thresholds
    );
    for over in &served.over {
        assert!((over.probability - local.probability_over(over.age)).abs() < 1e-4);
    }
    assert_eq!(answer.model.expect("a model").sha256, bundle.identity().sha256);
    assert_eq!(answer.detector.expect("a detector").sha256, detector.identity().sha256);
    assert!(answer.timings.expect("timings").infer.is_some());
}

#[tokio::test]
async fn thresholds_and_the_number_of_faces_are_the_callers() {
    let server = Server::ready().await;
    let request = EstimateAgeRequest { thresholds: vec![30, 10], max_faces: 1, ..request() };
    let faces = server.age().estimate_age(request).await.expect("an answer").into_inner().faces;
    let over = &faces[0].estimate.as_ref().expect("an estimate").over;
    assert_eq!((faces.len(), over[0].age, over[1].age), (1, 30, 10));
    assert!(over[0].probability <= over[1].probability, "older is never more probable");
}

#[tokio::test]
async fn a_check_tells_no_age_unless_asked() {
    let server = Server::ready().await;
    let named = check(PolicyChoice::PolicyName("over-18-challenge-25".into()));
    let answer = server.age().check_age(named.clone()).await.expect("an answer").into_inner();
    assert_ne!(answer.outcome(), Outcome::Unspecified);
    assert_eq!((answer.policy_sha256.len(), &answer.estimate), (64, &None));
    // What decided, for the audit trail: policy, estimator and detector.
    let (model, detector) = (answer.model.expect("a model"), answer.detector.expect("a detector"));
    assert_eq!((model.name.as_str(), detector.name.as_str()), ("ward-age", "ward-face"));
    assert_eq!((model.sha256.len(), detector.sha256.len()), (64, 64));
    let asked = CheckAgeRequest { return_estimate: true, ..named };
    let told = server.age().check_age(asked).await.expect("an answer").into_inner();
    assert!(told.estimate.is_some());
    assert_eq!(told.policy_sha256, answer.policy_sha256);
}

#[tokio::test]
async fn a_policy_of_ones_own_decides() {
    let server = Server::ready().await;
    let mut policy = AgePolicy {
        minimum_age: Some(13.0),
        pass_if_over: Some(13.0),
        fail_if_under: Some(0.0),
        max_minor_pass_probability: Some(1.0),
    };
    let pass =
        server.age().check_age(check(PolicyChoice::Policy(policy))).await.expect("an answer").into_inner();
    assert_eq!(pass.outcome(), Outcome::Pass, "an adult astronaut looks over 13");
    (policy.pass_if_over, policy.fail_if_under) = (Some(100.0), Some(99.0));
    let fail =
        server.age().check_age(check(PolicyChoice::Policy(policy))).await.expect("an answer").into_inner();
    assert_eq!(fail.outcome(), Outcome::Fail, "and under 99");
}

#[tokio::test]
async fn no_face_is_an_answer() {
    let server = Server::ready().await;
    let blank = crate::refusals::png(64, 64);
    let estimate = EstimateAgeRequest { image: blank.clone(), ..request() };
    assert!(server.age().estimate_age(estimate).await.expect("an answer").into_inner().faces.is_empty());
    let check = CheckAgeRequest { image: blank, ..check(PolicyChoice::PolicyName("over-13".into())) };
    let answer = server.age().check_age(check).await.expect("an answer").into_inner();
    assert_eq!(answer.outcome(), Outcome::Refer);
    assert_eq!(answer.reasons().collect::<Vec<_>>(), [Reason::NoFace]);
    assert!(answer.retryable);
}
