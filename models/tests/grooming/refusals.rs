//! What is no message is refused with a reason, and costs its neighbours nothing.

use models::InputError;

use crate::stages::{LIMITS, bundle, message, prepare, tokens, turn};

#[test]
fn a_message_without_text_is_refused() {
    for text in ["", "  \n\t", "\u{200B}\u{FEFF}"] {
        let refusal = prepare(vec![message(text)]).remove(0).unwrap_err();
        assert_eq!(refusal, InputError::TextEmpty);
        assert_eq!(refusal.reason(), "TEXT_EMPTY");
    }
}

#[test]
fn a_message_with_too_much_text_is_refused() {
    let bytes = LIMITS.max_text_bytes + 1;
    let refusal = prepare(vec![message(&"x".repeat(bytes))]).remove(0).unwrap_err();
    assert_eq!(refusal, InputError::TextTooLong { bytes, limit: LIMITS.max_text_bytes });
    assert_eq!(refusal.reason(), "TEXT_TOO_LONG");
}

#[test]
fn an_earlier_turn_with_too_much_text_is_refused_if_the_model_reads_it() {
    let long = turn("b", &"x".repeat(LIMITS.max_text_bytes + 1));
    let mut read = message("ok");
    read.context = vec![turn("b", "hi"), long.clone()];
    let mut unread = message("ok");
    let later = vec![turn("b", "hi"); bundle().manifest.context_turns()];
    unread.context = [vec![long], later].concat();
    let outcomes = prepare(vec![read, unread]);
    assert!(matches!(outcomes[0], Err(InputError::TextTooLong { .. })));
    assert!(outcomes[1].is_ok());
}

#[test]
fn a_refused_message_costs_its_neighbours_nothing() {
    let outcomes = prepare(vec![message("hello"), message(""), message("there")]);
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(outcomes[0].as_ref().unwrap(), &tokens(vec![message("hello")])[0]);
}

#[test]
fn a_long_message_is_cut_and_says_so() {
    let long = tokens(vec![message(&"castle ".repeat(90))]).remove(0);
    assert!(long.truncated);
    let mut in_context = message(&"castle ".repeat(90));
    in_context.context = vec![turn("b", "tower ".repeat(90).as_str()), turn("b", "ok")];
    assert!(tokens(vec![in_context]).remove(0).len() <= 96);
    assert!(!tokens(vec![message("castle")])[0].truncated);
}
