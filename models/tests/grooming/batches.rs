//! A score does not depend on who else is in the batch, nor on where in it a message stands.

use models::Stage;
use models::grooming::{MessageInput, MessageScore};

use crate::stages::{message, scorer, tokens, turn};

/// Sums in another order may differ in the seventh digit. An input of int8 that is rounded to another step differs in the fourth.
const TOLERANCE: f32 = 1e-6;

fn texts() -> Vec<MessageInput> {
    let long = "we talked about the castle and the bridge and the river ".repeat(8);
    let mut inputs: Vec<MessageInput> =
        ["hi", "how old are you?", "see you at practice on thursday, bring water", "ok", &long]
            .map(message)
            .into();
    inputs[1].context = vec![turn("b", "i just joined the server"), turn("a", "welcome!")];
    inputs
}

fn assert_alike(found: &MessageScore, expected: &MessageScore) {
    assert!((found.risk - expected.risk).abs() <= TOLERANCE);
    for (found, expected) in found.signals.iter().zip(expected.signals) {
        assert!((found - expected).abs() <= TOLERANCE, "{found} is not {expected}");
    }
}

#[test]
fn a_batch_equals_its_singles() {
    let tokens = tokens(texts());
    let mut scorer = scorer();
    let batch = scorer.run(tokens.clone()).unwrap();
    for (one, expected) in tokens.into_iter().zip(&batch) {
        assert_alike(&scorer.run(vec![one]).unwrap()[0], expected);
    }
}

#[test]
fn neighbours_change_nothing() {
    let tokens = tokens(texts());
    let mut scorer = scorer();
    let alone = scorer.run(vec![tokens[1].clone()]).unwrap()[0];
    for neighbour in &tokens {
        for size in [1, 3, 17] {
            let mut batch = vec![neighbour.clone(); size];
            batch.push(tokens[1].clone());
            assert_alike(scorer.run(batch).unwrap().last().unwrap(), &alone);
        }
    }
}

#[test]
fn a_place_further_on_rounds_nothing_to_another_step() {
    // With the runtime's own softmax, whose sums depend on the place, these weights round inputs of these lines elsewhere than alone.
    let lines = [
        "we are building a treehouse in the game, come and bring planks",
        "that sounds brilliant, take a picture of the volcano for the class wall",
    ];
    let (filler, lines) = (tokens(vec![message("ok")]).remove(0), tokens(lines.map(message).into()));
    let mut scorer = scorer();
    for line in lines {
        let alone = scorer.run(vec![line.clone()]).unwrap()[0];
        for before in 1..20 {
            let mut batch = vec![filler.clone(); before];
            batch.push(line.clone());
            assert_alike(scorer.run(batch).unwrap().last().unwrap(), &alone);
        }
    }
}

#[test]
fn answers_keep_the_order_of_the_batch() {
    let mut reversed = texts();
    reversed.reverse();
    let mut scorer = scorer();
    let forward = scorer.run(tokens(texts())).unwrap();
    let backward = scorer.run(tokens(reversed)).unwrap();
    forward.iter().zip(backward.iter().rev()).for_each(|(found, expected)| assert_alike(found, expected));
}

#[test]
fn nothing_in_nothing_out() {
    assert!(scorer().run(Vec::new()).unwrap().is_empty());
}
