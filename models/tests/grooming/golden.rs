//! What the recipe says of made-up input, step by step; `models/training/grooming/golden.py` writes it.

use std::collections::HashMap;

use models::grooming::{MessageScore, Observation, RiskModel, Turn, WordCount, messages_in_context};
use serde_json::Value;

use crate::stages::{bundle, scores, tokens, turn};

fn golden() -> Value {
    serde_json::from_str(include_str!("golden.json")).unwrap()
}

fn rows(part: &str) -> Vec<Value> {
    golden()[part].as_array().unwrap().clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn turns(rows: &[Value]) -> Vec<Turn> {
    rows.iter().map(|row| turn(row["author"].as_str().unwrap(), row["text"].as_str().unwrap())).collect()
}

#[test]
fn tokens_are_laid_out_as_in_training() {
    let rows = rows("messages");
    let inputs = messages_in_context(&turns(&rows), bundle().manifest.context_turns());
    for (row, tokens) in rows.iter().zip(tokens(inputs)) {
        let ids: Vec<f64> = tokens.ids().iter().map(|&id| id as f64).collect();
        assert_eq!(ids, numbers(&row["ids"]));
        let turns = row["turns"].as_array().unwrap();
        assert_eq!(tokens.len(), ids.len() + turns.len());
        for (turn, (kind, pieces)) in turns.iter().zip(tokens.turns()) {
            assert_eq!(turn["kind"].as_i64(), Some(kind));
            assert_eq!(numbers(&turn["pieces"]), pieces.iter().map(|&id| id as f64).collect::<Vec<_>>());
        }
        assert_eq!(tokens.truncated, row["truncated"].as_bool().unwrap());
        assert_eq!(tokens.passes_screen, row["passes_screen"].as_bool().unwrap(), "{}", row["text"]);
    }
}

#[test]
fn scores_are_those_of_the_recipe() {
    let rows = rows("messages");
    let inputs = messages_in_context(&turns(&rows), bundle().manifest.context_turns());
    for (row, score) in rows.iter().zip(scores(inputs)) {
        let expected = numbers(&row["signals"]).into_iter().chain([row["risk"].as_f64().unwrap()]);
        for (found, expected) in score.signals.into_iter().chain([score.risk]).zip(expected) {
            assert!((f64::from(found) - expected).abs() < 1e-3, "found {found}, expected {expected}");
        }
    }
}

#[test]
fn the_conversations_risk_is_that_of_the_recipe() {
    let mut conversation = RiskModel::new(&bundle().manifest).conversation(HashMap::new());
    for (index, step) in rows("conversation").iter().enumerate() {
        let author = step["author"].as_str().unwrap();
        let signals = numbers(&step["signals"]).iter().map(|&signal| signal as f32).collect::<Vec<_>>();
        let score = MessageScore {
            risk: step["risk"].as_f64().unwrap() as f32,
            signals: signals.try_into().unwrap(),
            spans: Default::default(),
            words: WordCount { words: 9, english: 9 },
        };
        conversation.observe(&Observation {
            message_id: index.to_string(),
            author_id: author.to_owned(),
            sent_at: step["sent_at"].as_f64(),
            score,
        });
        let by_author = conversation.assessment().by_author;
        let found = by_author.iter().find(|one| one.author_id == author).unwrap().risk;
        let expected = step["expected"].as_f64().unwrap();
        assert!((f64::from(found) - expected).abs() < 1e-5, "step {index}: {found}, expected {expected}");
    }
}
