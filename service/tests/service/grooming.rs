//! Scores over gRPC are those of the pipeline in process, message by message.

use std::time::SystemTime;

use models::grooming::{
    GroomingManifest, IndexSlot, MessageInput, MessageScorer, Prepare, Screening, Signal, TextLimits, Turn,
    messages_in_context,
};
use models::{Bundle, Stage as _};
use proto::grooming::v1::{self as wire, MessageToScore, ScoreMessagesRequest, State};

use crate::server::{Server, config, conversation, count};

fn to_score(input: &MessageInput) -> MessageToScore {
    let turn = |turn: &Turn| wire::Turn { author_id: turn.author.clone(), text: turn.text.clone() };
    MessageToScore {
        message_id: input.text.len().to_string(),
        text: input.text.clone(),
        author_id: input.author.clone(),
        context: input.context.iter().map(turn).collect(),
    }
}

#[tokio::test]
async fn messages_have_the_same_scores_over_grpc_and_in_process() {
    let server = Server::ready().await;
    let bundle = Bundle::<GroomingManifest>::open(&config().grooming.bundle).expect("a bundle");
    let turns: Vec<Turn> = conversation()
        .messages
        .into_iter()
        .map(|message| Turn { author: message.author_id, text: message.text })
        .collect();
    let inputs = messages_in_context(&turns, bundle.manifest.context_turns());
    let request = ScoreMessagesRequest { messages: inputs.iter().map(to_score).collect() };
    let answer = server.grooming().score_messages(request).await.expect("an answer").into_inner();

    let mut prepare =
        Prepare::open(&bundle, TextLimits { max_text_bytes: 1000 }, Screening::Off).expect("a tokenizer");
    let mut scorer = MessageScorer::open(&bundle, count(1), IndexSlot::default()).expect("a scorer");
    let prepared = prepare.run(inputs).expect("no fault of ours");
    assert_eq!(answer.results.len(), prepared.len());
    for (served, tokens) in answer.results.iter().zip(prepared) {
        // One at a time in process, in batches over gRPC: a score does not depend on its batch-mates.
        let tokens = tokens.expect("a text").tokens().expect("all are read");
        let local = scorer.run(vec![tokens]).expect("a score")[0];
        assert!((served.risk - local.risk).abs() < 1e-4);
        assert_eq!(served.signals.len(), Signal::ALL.len());
        for (signal, probability) in served.signals.iter().zip(local.signals) {
            assert!((signal.probability - probability).abs() < 1e-4);
        }
    }
    assert_eq!(answer.model.expect("a model").sha256, bundle.identity().sha256);
}

#[tokio::test]
async fn a_refused_message_costs_its_neighbours_nothing() {
    let server = Server::ready().await;
    let message = |text: &str| MessageToScore {
        message_id: text.len().to_string(),
        text: text.into(),
        ..Default::default()
    };
    let long = "word ".repeat(4000);
    let texts = ["shall we build a castle?", "", long.as_str(), "yes, by the river"];
    let request = ScoreMessagesRequest { messages: texts.iter().map(|text| message(text)).collect() };
    let results = server.grooming().score_messages(request).await.expect("an answer").into_inner().results;
    let reasons: Vec<_> =
        results.iter().map(|result| result.error.as_ref().map(|error| error.reason.as_str())).collect();
    assert_eq!(reasons, [None, Some("TEXT_EMPTY"), Some("TEXT_TOO_LONG"), None]);
    assert_eq!(
        results.iter().map(|result| result.message_id.as_str()).collect::<Vec<_>>(),
        ["24", "0", "20000", "17"]
    );
    assert_eq!(results[3].signals.len(), 12);
}

#[tokio::test]
async fn what_fired_is_pointed_at_in_the_text_as_it_was_sent() {
    let server = Server::ready().await;
    let text = "hey \u{1F44B}\u{1F3FD}  so h\u{200B}0w  0ld are y\u{43E}u ???";
    let message = MessageToScore { text: text.into(), author_id: "a".into(), ..Default::default() };
    let request = ScoreMessagesRequest { messages: vec![message] };
    let results = server.grooming().score_messages(request).await.expect("an answer").into_inner().results;
    let asked = &results[0].signals[Signal::AgeProbe as usize];
    assert!(asked.fired, "{asked:?}");
    let span = asked.span.expect("a place");
    let words: String =
        text.chars().skip(span.start as usize).take((span.end - span.start) as usize).collect();
    assert!(words.contains("0ld"), "{words}");
    assert!(results[0].signals.iter().all(|signal| signal.fired || signal.span.is_none()));
}

#[tokio::test]
async fn the_first_stage_answers_what_it_finds_nothing_in() {
    let server = Server::ready_with(|config| config.grooming.screen = true).await;
    let message =
        |text: &str| MessageToScore { text: text.into(), author_id: "a".into(), ..Default::default() };
    let messages = ["i installed the kernel update and the sound driver stopped working", "how old are you?"]
        .map(message)
        .into();
    let request = ScoreMessagesRequest { messages };
    let results = server.grooming().score_messages(request).await.expect("an answer").into_inner().results;
    assert!(results[0].screened_out && results[0].error.is_none());
    assert_eq!((results[0].risk, results[0].signals.len()), (0.0, 12));
    assert!(!results[1].screened_out && results[1].signals[Signal::AgeProbe as usize].fired);
}

#[tokio::test]
async fn the_example_conversation_alerts_with_evidence() {
    let server = Server::ready().await;
    let request = conversation();
    let answer = server.grooming().score_conversation(request.clone()).await.expect("an answer").into_inner();
    assert_eq!(answer.state(), State::Alert);
    assert_eq!(answer.message_risks.len(), request.messages.len());
    assert_eq!(answer.by_author[0].author_id, "kestrel");
    assert_eq!(answer.by_author[0].toward_author_ids, ["pixelfox"]);
    assert!(request.messages.iter().any(|message| message.message_id == answer.first_alert_message_id));
    let shares: f32 = answer.evidence.iter().map(|evidence| evidence.contribution).sum();
    assert!(!answer.evidence.is_empty() && shares <= 1.0 + 1e-4);
    assert!(!answer.stages.is_empty());
}

#[tokio::test]
async fn a_message_without_text_says_nothing_and_spoils_nothing() {
    let server = Server::ready().await;
    let before = server.grooming().score_conversation(conversation()).await.expect("an answer").into_inner();
    let mut request = conversation();
    let silent = wire::ConversationMessage { text: String::new(), ..request.messages[0].clone() };
    request.messages.push(silent);
    let after = server.grooming().score_conversation(request).await.expect("an answer").into_inner();
    assert_eq!(after.risk, before.risk);
    assert_eq!(after.message_risks.last().expect("risks").risk, 0.0);
}

#[tokio::test]
async fn a_message_without_an_id_is_named_by_its_place() {
    let server = Server::ready().await;
    let mut request = conversation();
    request.messages.iter_mut().for_each(|message| message.message_id.clear());
    let named = server.grooming().score_conversation(conversation()).await.expect("an answer").into_inner();
    let nameless = server.grooming().score_conversation(request).await.expect("an answer").into_inner();
    // The example's own ids are its places.
    assert_eq!(nameless.first_alert_message_id, named.first_alert_message_id);
    assert_eq!(nameless.evidence, named.evidence);
}

#[tokio::test]
async fn a_time_in_the_future_erases_nothing() {
    const YEAR: i64 = 365 * 86_400;
    let server = Server::ready().await;
    let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed().expect("a clock").as_secs()).expect("a time");
    let last_at = async |seconds: Option<i64>| {
        let time = |seconds| prost_types::Timestamp { seconds, nanos: 0 };
        let mut request = conversation();
        request.messages.iter_mut().for_each(|message| message.sent_at = Some(time(now)));
        request.messages.last_mut().expect("messages").sent_at = seconds.map(time);
        server.grooming().score_conversation(request).await.expect("an answer").into_inner()
    };
    let (ahead, none) = (last_at(Some(now + YEAR)).await, last_at(None).await);
    assert_eq!((ahead.state(), none.state()), (State::Alert, State::Alert));
    assert_eq!(ahead.risk, none.risk);
}
