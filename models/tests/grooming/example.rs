//! The example conversations, from text to verdict.

use std::collections::HashMap;

use models::Stage;
use models::grooming::{
    Abstention, Assessment, GroomingStage, Observation, RiskModel, RiskState, Turn, messages_in_context,
};
use serde_json::Value;

use crate::stages::{bundle, repository, scorer, tokens, turn};

fn example(id: &str) -> Vec<Turn> {
    let text = std::fs::read_to_string(repository().join("examples/chat.jsonl")).unwrap();
    let mut chats = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let chat = chats.find(|chat| chat["conversation_id"] == id).unwrap();
    let messages = chat["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| turn(message["speaker"].as_str().unwrap(), message["text"].as_str().unwrap()))
        .collect()
}

/// What is known after each message.
fn assessments(turns: &[Turn]) -> Vec<Assessment> {
    let bundle = bundle();
    let inputs = messages_in_context(turns, bundle.manifest.context_turns());
    let scores = scorer().run(tokens(inputs)).unwrap();
    let mut conversation = RiskModel::new(&bundle.manifest).conversation(HashMap::new());
    let messages = turns.iter().zip(scores).enumerate();
    messages
        .map(|(index, (turn, score))| {
            conversation.observe(&Observation {
                message_id: index.to_string(),
                author_id: turn.author.clone(),
                sent_at: None,
                score,
            });
            conversation.assessment()
        })
        .collect()
}

#[test]
fn the_pattern_raises_an_alert_on_the_right_author() {
    let all = assessments(&example("example/pattern"));
    let last = all.last().unwrap();
    assert_eq!(last.state, RiskState::Alert);
    assert_eq!(last.by_author[0].author_id, "kestrel");
    assert_eq!(last.by_author[0].toward, ["pixelfox"]);
    assert_eq!(last.by_author[1].state, RiskState::None);
    assert_eq!(last.stages, GroomingStage::ALL);
    assert!(!last.evidence.is_empty());
}

#[test]
fn the_alert_comes_before_the_photo_is_asked_for() {
    let all = assessments(&example("example/pattern"));
    let first: usize = all.last().unwrap().first_alert_message_id.as_ref().unwrap().parse().unwrap();
    assert!(first < 14, "the alert came at message {first}");
    assert_eq!(all[first].state, RiskState::Alert);
    assert!(
        all[..first].iter().all(|one| one.state < RiskState::Alert && one.first_alert_message_id.is_none())
    );
}

#[test]
fn a_surprise_party_is_nothing() {
    let all = assessments(&example("example/benign"));
    assert!(all.iter().all(|one| one.state == RiskState::None));
}

#[test]
fn another_language_is_not_judged() {
    let turns =
        ["buenas tardes, quería preguntar por la bicicleta azul", "sigue disponible, cuesta ochenta euros"]
            .map(|text| turn("a", text));
    assert_eq!(assessments(&turns).last().unwrap().abstained, Some(Abstention::UnknownLanguage));
}

#[test]
fn hardly_any_text_is_not_judged() {
    let assessment = assessments(&[turn("a", "hi there")]).remove(0);
    assert_eq!(assessment.abstained, Some(Abstention::TooLittleText));
    assert_eq!((assessment.risk, assessment.state), (0.0, RiskState::None));
}
