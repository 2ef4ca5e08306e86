//! Streams answer each message on its own, and the same as the unary calls.

use proto::age::v1::EstimateAgeRequest;
use proto::age::v1::estimate_age_stream_response::Result as OneResult;
use proto::grooming::v1::{
    ConversationMessage, ScoreConversationRequest, UpdateMode, WatchConversationsRequest,
};
use tokio_stream::StreamExt as _;
use tonic::Code;

use crate::server::{Server, conversation, count, portrait};

#[tokio::test]
async fn each_photo_of_a_stream_fails_or_succeeds_on_its_own() {
    let server = Server::ready().await;
    let photo =
        |id: &str, image: Vec<u8>| EstimateAgeRequest { request_id: id.into(), image, ..Default::default() };
    let requests = [photo("a", portrait()), photo("b", b"no image".to_vec()), photo("c", portrait())];
    let answers =
        server.age().estimate_age_stream(tokio_stream::iter(requests)).await.expect("a stream").into_inner();
    let mut answers: Vec<_> = answers.map(|answer| answer.expect("an answer")).collect().await;
    answers.sort_by(|one, other| one.request_id.cmp(&other.request_id));
    let kinds: Vec<_> = answers
        .iter()
        .map(|answer| match answer.result.as_ref().expect("a result") {
            OneResult::Response(response) => (answer.request_id.as_str(), response.faces.len().to_string()),
            OneResult::Failure(failure) => (answer.request_id.as_str(), failure.reason.clone()),
        })
        .collect();
    assert_eq!(kinds, [("a", "1".into()), ("b", "IMAGE_FORMAT".into()), ("c", "1".into())]);
}

#[tokio::test]
async fn photos_in_work_are_answered_before_the_stream_fails() {
    let server = Server::ready().await;
    let too_large = vec![0; 10 << 20];
    let photo = |image: Vec<u8>| EstimateAgeRequest { image, ..Default::default() };
    let requests = tokio_stream::iter([photo(portrait()), photo(too_large)]);
    let answers = server.age().estimate_age_stream(requests).await.expect("a stream").into_inner();
    let answers: Vec<_> = answers.collect().await;
    assert_eq!(answers.len(), 2, "{answers:?}");
    assert!(matches!(answers[0].as_ref().expect("an answer").result, Some(OneResult::Response(_))));
    assert_eq!(answers[1].as_ref().expect_err("the failure").code(), Code::InvalidArgument);
}

fn watched(id: &str, mode: UpdateMode) -> Vec<WatchConversationsRequest> {
    let message = |message| WatchConversationsRequest {
        conversation_id: id.into(),
        message: Some(message),
        authors: Vec::new(),
        update_mode: mode.into(),
    };
    conversation().messages.into_iter().map(message).collect()
}

#[tokio::test]
async fn watching_says_at_each_message_what_scoring_its_prefix_says() {
    let server = Server::ready().await;
    // Two conversations, interleaved: each is on its own.
    let pairs =
        watched("one", UpdateMode::EveryMessage).into_iter().zip(watched("two", UpdateMode::StateChange));
    let requests: Vec<_> = pairs.flat_map(|(one, two)| [one, two]).collect();
    let stream = tokio_stream::iter(requests);
    let updates = server.grooming().watch_conversations(stream).await.expect("a stream").into_inner();
    let updates: Vec<_> = updates.map(|update| update.expect("an update")).collect().await;

    let whole = conversation();
    let of = |id: &str| updates.iter().filter(|update| update.conversation_id == id).collect::<Vec<_>>();
    assert_eq!(of("one").len(), whole.messages.len());
    for (at, update) in of("one").into_iter().enumerate() {
        let prefix = ScoreConversationRequest { messages: whole.messages[..=at].to_vec(), ..whole.clone() };
        let answer = server.grooming().score_conversation(prefix).await.expect("an answer").into_inner();
        assert_eq!(update.message_id, whole.messages[at].message_id);
        assert!((update.risk - answer.risk).abs() < 1e-4);
        assert_eq!(
            (update.state, &update.first_alert_message_id),
            (answer.state, &answer.first_alert_message_id)
        );
    }
    let states: Vec<_> = of("two").iter().map(|update| update.state).collect();
    assert!(!states.is_empty() && states.windows(2).all(|pair| pair[0] != pair[1]), "{states:?}");
}

#[tokio::test]
async fn a_message_that_cannot_be_used_is_named_and_the_stream_goes_on() {
    let server = Server::ready().await;
    let mut requests = watched("one", UpdateMode::EveryMessage);
    requests.truncate(3);
    requests[1].message.as_mut().expect("a message").author_id.clear();
    let updates =
        server.grooming().watch_conversations(tokio_stream::iter(requests)).await.expect("a stream");
    let updates: Vec<_> = updates.into_inner().map(|update| update.expect("an update")).collect().await;
    let reasons: Vec<_> =
        updates.iter().map(|update| update.error.as_ref().map(|error| error.reason.as_str())).collect();
    assert_eq!(reasons, [None, Some("FIELD_MISSING"), None]);
}

#[tokio::test]
async fn what_a_stream_keeps_is_bounded_and_never_nameless() {
    let server = Server::ready().await;
    let mut requests = watched("one", UpdateMode::EveryMessage);
    requests.truncate(5);
    let message = |request: &mut WatchConversationsRequest| request.message.take().expect("a message");
    let texts = [String::new(), "word ".repeat(4000)];
    for (request, text) in requests.iter_mut().skip(1).zip(texts) {
        request.message = Some(ConversationMessage { text, ..message(request) });
    }
    requests[3].message =
        Some(ConversationMessage { author_id: "x".repeat(300), ..message(&mut requests[3]) });
    requests[4].message =
        Some(ConversationMessage { message_id: String::new(), ..message(&mut requests[4]) });
    let updates =
        server.grooming().watch_conversations(tokio_stream::iter(requests)).await.expect("a stream");
    let updates: Vec<_> = updates.into_inner().map(|update| update.expect("an update")).collect().await;
    let told = updates.iter().map(|update| {
        (update.message_id.as_str(), update.error.as_ref().map_or("", |error| error.reason.as_str()))
    });
    // The last one has no id of its own, and is the fourth that became part of the conversation.
    let expected = [("1", ""), ("2", ""), ("3", "TEXT_TOO_LONG"), ("4", "ID_TOO_LONG"), ("4", "")];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert_eq!(updates[1].message_risk, 0.0, "a message without text says nothing");
}

#[tokio::test]
async fn a_watcher_is_told_when_draining_begins() {
    let server = Server::ready().await;
    let (sender, receiver) = tokio::sync::mpsc::channel(8);
    let stream = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let mut updates = server.grooming().watch_conversations(stream).await.expect("a stream").into_inner();
    for request in watched("one", UpdateMode::EveryMessage).into_iter().take(2) {
        sender.send(request).await.expect("an open stream");
    }
    updates.message().await.expect("an update");
    updates.message().await.expect("an update");
    let done = server.stop();
    let end = updates.message().await.expect_err("the stream ends with a status");
    assert_eq!(end.code(), Code::Unavailable);
    done.await.expect("no panic").expect("a clean end");
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_scored_as_if_for_the_first_time() {
    // More conversations than there could be room for at once: it is taken as they come.
    let server =
        Server::ready_with(|config| config.grooming.max_watched_conversations = count(1 << 60)).await;
    let mut requests = watched("one", UpdateMode::EveryMessage);
    requests.truncate(3);
    requests.push(requests[2].clone());
    let updates =
        server.grooming().watch_conversations(tokio_stream::iter(requests)).await.expect("a stream");
    let updates: Vec<_> = updates.into_inner().map(|update| update.expect("an update")).collect().await;
    let (first, again) = (&updates[2], &updates[3]);
    assert_eq!(first.message_id, again.message_id);
    assert!((first.message_risk - again.message_risk).abs() < 1e-4, "{first:?} {again:?}");
}
