//! A malformed request costs its caller an INVALID_ARGUMENT with a reason and a field, and nobody else anything.

use proto::age::v1::check_age_request::PolicyChoice;
use proto::age::v1::{AgePolicy, CheckAgeRequest, CheckAgeResponse, EstimateAgeRequest};
use proto::grooming::v1::{Author, MessageToScore, ScoreConversationRequest, ScoreMessagesRequest};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::server::{Server, conversation, count, portrait};

/// A grey PNG, as small as PNG makes it: stored size says nothing about its pixels.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().expect("a header");
    let row = width.div_ceil(8) as usize;
    writer.write_image_data(&vec![0xff; row * height as usize]).expect("pixels");
    writer.finish().expect("an end");
    bytes
}

/// The reason and the field of a refusal.
fn refusal(status: &Status) -> (&str, String, String) {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_error_details();
    let reason = details.error_info().expect("an ErrorInfo").reason.clone();
    let violation = details.bad_request().expect("a BadRequest").field_violations[0].clone();
    assert!(!violation.description.is_empty());
    (status.message(), reason, violation.field)
}

async fn refused_image(server: &Server, image: Vec<u8>) -> (String, String) {
    let request = EstimateAgeRequest { image, ..Default::default() };
    let status = server.age().estimate_age(request).await.expect_err("must be refused");
    let (_, reason, field) = refusal(&status);
    (reason, field)
}

#[tokio::test]
async fn what_is_no_photo_is_refused_with_the_reason() {
    let server = Server::ready().await;
    let mut cut = portrait();
    cut.truncate(cut.len() / 2);
    let cases = [
        (Vec::new(), "IMAGE_EMPTY"),
        (cut, "IMAGE_BROKEN"),
        (b"dear server, this is a text file named .jpg".to_vec(), "IMAGE_FORMAT"),
        (png(10_000, 10_000), "IMAGE_TOO_LARGE"),
    ];
    for (image, reason) in cases {
        assert_eq!(refused_image(&server, image).await, (reason.to_owned(), "image".to_owned()));
    }
    let good = EstimateAgeRequest { image: portrait(), ..Default::default() };
    assert_eq!(server.age().estimate_age(good).await.expect("an answer").into_inner().faces.len(), 1);
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_in_our_words() {
    let server = Server::ready().await;
    let (reason, field) = refused_image(&server, vec![0; 10 << 20]).await;
    assert_eq!((reason.as_str(), field.as_str()), ("MESSAGE_TOO_LARGE", "message"));
}

#[tokio::test]
async fn bytes_that_are_no_message_are_refused_in_our_words() {
    let server = Server::ready().await;
    // What CheckAge reads as a string holds a length of 200 here: no UTF-8.
    let message = MessageToScore { text: "x".repeat(200), ..Default::default() };
    let request = ScoreMessagesRequest { messages: vec![message] };
    let codec = tonic_prost::ProstCodec::<ScoreMessagesRequest, CheckAgeResponse>::default();
    let mut client = tonic::client::Grpc::new(server.channel.clone());
    client.ready().await.expect("a connection");
    let path = http::uri::PathAndQuery::from_static("/ward.age.v1.AgeEstimationService/CheckAge");
    let status = client.unary(tonic::Request::new(request), path, codec).await.expect_err("must be refused");
    assert_eq!(refusal(&status).1, "MESSAGE_MALFORMED");
}

#[tokio::test]
async fn a_policy_that_cannot_be_is_refused() {
    let server = Server::ready().await;
    let policy = |pass_if_over: Option<f32>| {
        Some(PolicyChoice::Policy(AgePolicy {
            minimum_age: Some(18.0),
            pass_if_over,
            fail_if_under: Some(0.0),
            max_minor_pass_probability: Some(0.1),
        }))
    };
    let cases = [
        (None, "FIELD_MISSING", "policy"),
        (policy(None), "FIELD_MISSING", "policy.pass_if_over"),
        (policy(Some(16.0)), "POLICY_CONTRADICTORY", "policy"),
        (policy(Some(f32::NAN)), "POLICY_CONTRADICTORY", "policy.pass_if_over"),
        (Some(PolicyChoice::PolicyName("none".into())), "POLICY_UNKNOWN", "policy_name"),
    ];
    for (policy_choice, reason, field) in cases {
        let request = CheckAgeRequest { image: portrait(), policy_choice, ..Default::default() };
        let status = server.age().check_age(request).await.expect_err("must be refused");
        assert_eq!(refusal(&status), (status.message(), reason.to_owned(), field.to_owned()));
    }
}

#[tokio::test]
async fn a_conversation_that_cannot_be_is_refused() {
    // No room for a conversation: what cannot be is told so before it would wait in line.
    let server = Server::ready_with(|config| config.grooming.capacity = count(1)).await;
    let mut nameless = conversation();
    nameless.messages[2].author_id.clear();
    let mut timeless = conversation();
    timeless.messages[1].sent_at = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 });
    let mut ageless = conversation();
    ageless.authors = vec![Author { author_id: "pixelfox".into(), age_group: 7 }];
    let mut endless = conversation();
    endless.messages = vec![endless.messages[0].clone(); 1001];
    let mut wordy = conversation();
    wordy.messages[3].text = "word ".repeat(4000);
    let cases = [
        (ScoreConversationRequest::default(), "FIELD_MISSING", "messages"),
        (nameless, "FIELD_MISSING", "messages[2].author_id"),
        (timeless, "TIMESTAMP_INVALID", "messages[1].sent_at"),
        (ageless, "ENUM_UNKNOWN", "authors[0].age_group"),
        (endless, "TOO_MANY_ELEMENTS", "messages"),
        (wordy, "TEXT_TOO_LONG", "messages[3].text"),
    ];
    for (request, reason, field) in cases {
        let status = server.grooming().score_conversation(request).await.expect_err("must be refused");
        assert_eq!(refusal(&status), (status.message(), reason.to_owned(), field.to_owned()));
    }
}

#[tokio::test]
async fn thresholds_outside_a_life_are_refused() {
    let server = Server::ready().await;
    let request = EstimateAgeRequest { image: portrait(), thresholds: vec![18, 0], ..Default::default() };
    let status = server.age().estimate_age(request).await.expect_err("must be refused");
    assert_eq!(refusal(&status).2, "thresholds[1]");
}
