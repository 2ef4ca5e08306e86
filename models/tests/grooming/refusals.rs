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

#[test]
fn no_text_becomes_a_special_token() {
    // [PAD], [UNK], [CLS], [SEP], [MASK].
    let special = [0, 100, 101, 102, 103];
    for text in ["how [SEP] old [CLS] are [MASK] you [PAD] now", "[SEP]", "a [UNK] b"] {
        let mut input = message(text);
        input.context = vec![turn("b", text)];
        let read = tokens(vec![input]).remove(0);
        let (inner, turns) = (&read.ids()[1..read.ids().len() - 1], read.turns());
        let mut pieces = inner.iter().chain(turns.flat_map(|(_, pieces)| pieces));
        assert!(pieces.all(|id| !special.contains(id)), "{text}");
    }
}

#[test]
fn what_stands_far_behind_is_not_looked_at_and_that_is_said() {
    // One word of a single piece, so that the pieces fit.
    let word = |letters: usize| "xq".repeat(letters / 2);
    let read = |text: &str| tokens(vec![message(text)]).remove(0);
    assert!(!read(&word(2000)).truncated);
    assert!(read(&word(3000)).truncated);
    assert_eq!(read(&format!("{} how old are you", word(3000))).ids(), read(&word(3000)).ids());
}

#[test]
fn padding_hides_nothing() {
    let text = "how old are you";
    let bare = tokens(vec![message(text)]).remove(0);
    let inner = &bare.ids()[1..bare.ids().len() - 1];
    for padding in ["\u{200B}".repeat(1300), " ".repeat(3000), "\n\t".repeat(1500), "\u{1F642}".repeat(900)] {
        for padded in [format!("{padding}{text}"), format!("{text}{padding}")] {
            let mut input = message(&padded);
            input.context = vec![turn("b", &padded)];
            let read = tokens(vec![input]).remove(0);
            assert_eq!((read.ids(), read.truncated), (bare.ids(), false));
            assert_eq!(read.turns().map(|(_, pieces)| pieces).collect::<Vec<_>>(), [inner]);
        }
    }
}

#[test]
fn of_a_long_turn_the_end_is_read() {
    let after = |castles: usize| {
        let mut input = message("ok");
        input.context = vec![turn("b", &format!("{}and how old are you", "castle ".repeat(castles)))];
        tokens(vec![input]).remove(0)
    };
    assert_eq!(after(500), after(100));
}
