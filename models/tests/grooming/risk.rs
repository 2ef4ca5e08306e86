//! The conversation's risk as such: causal, ordered, bounded, fading, explainable. Scores are made up.

use std::collections::HashMap;

use models::grooming::{
    AgeGroup, Assessment, ConversationRisk, MessageScore, Observation, RiskModel, RiskState, Signal, Span,
    WordCount,
};

use crate::stages::bundle;

const DAY: f64 = 86_400.0;

fn conversation() -> ConversationRisk {
    RiskModel::new(&bundle().manifest).conversation(HashMap::new())
}

fn score(risk: f32, shown: &[Signal]) -> MessageScore {
    let signals = Signal::ALL.map(|signal| if shown.contains(&signal) { 0.95 } else { 0.01 });
    MessageScore {
        risk,
        signals,
        spans: [Span { start: 0, end: 4 }; 12],
        words: WordCount { words: 8, english: 6 },
    }
}

fn says(author: &str, id: usize, score: MessageScore) -> Observation {
    Observation { message_id: id.to_string(), author_id: author.to_owned(), sent_at: None, score }
}

/// The pattern in four messages, each answered.
fn pattern() -> Vec<Observation> {
    let steps = [Signal::AgeProbe, Signal::FlatteryIntimacy, Signal::Secrecy, Signal::PhotoRequest];
    let said = |(step, signal)| {
        [says("x", 2 * step, score(0.9, &[signal])), says("y", 2 * step + 1, score(0.01, &[]))]
    };
    steps.into_iter().enumerate().flat_map(said).collect()
}

fn run(observations: &[Observation]) -> Vec<Assessment> {
    let mut conversation = conversation();
    let assess = |observation| {
        conversation.observe(observation);
        conversation.assessment()
    };
    observations.iter().map(assess).collect()
}

#[test]
fn every_prefix_is_judged_by_itself() {
    let whole = run(&pattern());
    for end in 1..whole.len() {
        assert_eq!(run(&pattern()[..end]).last(), whole.get(end - 1));
    }
}

#[test]
fn order_counts() {
    let mut backward = pattern();
    backward.reverse();
    let (forward, backward) = (run(&pattern()), run(&backward));
    assert!(forward.last().unwrap().risk > backward.last().unwrap().risk);
}

#[test]
fn the_risk_is_the_authors_who_shows_the_pattern() {
    let last = run(&pattern()).pop().unwrap();
    assert_eq!(last.state, RiskState::Alert);
    assert_eq!((last.by_author[0].author_id.as_str(), last.by_author[1].author_id.as_str()), ("x", "y"));
    assert_eq!(last.by_author[0].toward, ["y"]);
    assert!(last.by_author[1].risk < 0.1);
    assert!(last.by_author[1].toward.is_empty());
}

#[test]
fn evidence_names_messages_with_shares_of_the_whole() {
    let last = run(&pattern()).pop().unwrap();
    let total: f32 = last.evidence.iter().map(|evidence| evidence.contribution).sum();
    assert!(total > 0.5 && total <= 1.0 + 1e-6, "shares add up to {total}");
    assert!(last.evidence.windows(2).all(|pair| pair[0].contribution >= pair[1].contribution));
    let photo = last.evidence.iter().find(|evidence| evidence.signal == Signal::PhotoRequest).unwrap();
    assert_eq!((photo.message_id.as_str(), photo.span), ("6", Span { start: 0, end: 4 }));
}

#[test]
fn one_strong_message_is_no_pattern() {
    let signals = [Signal::MeetRequest, Signal::LocationProbe];
    let last = run(&[says("x", 0, score(0.99, &signals))]).pop().unwrap();
    assert!(last.state < RiskState::Alert);
}

#[test]
fn repeating_one_signal_is_bounded() {
    let repeated: Vec<Observation> =
        (0..500).map(|id| says("x", id, score(0.99, &[Signal::AgeProbe]))).collect();
    let all = run(&repeated);
    assert!((all[499].risk - all[399].risk).abs() < 1e-3);
    assert!(all[499].evidence.len() <= 12);
}

#[test]
fn doubtful_messages_never_add_up() {
    let doubtful: Vec<Observation> = (0..500).map(|id| says("x", id, score(0.05, &Signal::ALL))).collect();
    let all = run(&doubtful);
    assert_eq!(all[0].risk, all[499].risk);
}

#[test]
fn a_state_is_left_later_than_it_is_entered() {
    let mut observations = pattern();
    observations.extend((8..600).map(|id| says("y", id, score(0.01, &[]))));
    let all = run(&observations);
    let entered = all.iter().find(|one| one.state == RiskState::Alert).unwrap().risk;
    let left = all.iter().skip(8).find(|one| one.state < RiskState::Alert).unwrap().risk;
    assert!(left < entered, "left at {left}, entered at {entered}");
    assert_eq!(all.last().unwrap().state, RiskState::None);
    assert!(all.last().unwrap().first_alert_message_id.is_some());
}

#[test]
fn old_evidence_fades_with_time() {
    let after = |pause: f64| {
        let mut observations = pattern();
        for (hour, observation) in observations.iter_mut().enumerate() {
            observation.sent_at = Some(hour as f64 * 3600.0);
        }
        let mut late = says("y", 8, score(0.01, &[]));
        late.sent_at = Some(pause);
        observations.push(late);
        run(&observations).pop().unwrap().risk
    };
    assert!(after(365.0 * DAY) < after(DAY));
    // A clock that runs backwards stands still.
    assert_eq!(after(-DAY), after(7.0 * 3600.0));
}

#[test]
fn a_clock_that_was_wrong_once_fades_nothing() {
    let with_one_at = |moment: f64| {
        let mut observations = pattern();
        observations.iter_mut().for_each(|observation| observation.sent_at = Some(20_000.0 * DAY));
        let mut others = [says("y", 8, score(0.01, &[])), says("y", 9, score(0.01, &[]))];
        others[0].sent_at = Some(moment);
        others[1].sent_at = Some(20_000.0 * DAY);
        observations.extend(others);
        run(&observations).pop().unwrap()
    };
    assert_eq!(with_one_at(0.0), with_one_at(20_000.0 * DAY));
}

#[test]
fn what_has_faded_away_is_no_evidence() {
    let mut observations = pattern();
    observations.iter_mut().for_each(|observation| observation.sent_at = Some(0.0));
    let mut late = says("y", 8, score(0.01, &[]));
    late.sent_at = Some(2000.0 * 365.0 * DAY);
    observations.push(late);
    let last = run(&observations).pop().unwrap();
    assert_eq!(last.state, RiskState::None);
    assert_eq!(last.evidence, []);
}

#[test]
fn text_of_another_language_takes_no_state_back() {
    let foreign = |id| {
        let words = WordCount { words: 60, english: 0 };
        says("y", id, MessageScore { words, ..score(0.01, &[]) })
    };
    let mut observations = pattern();
    observations.extend((8..40).map(foreign));
    let all = run(&observations);
    let reached = all.iter().position(|one| one.state == RiskState::Alert).unwrap();
    assert!(all[reached..20].iter().all(|one| one.state > RiskState::None && one.abstained.is_none()));
    let foreign_alone = run(&[foreign(0)]).pop().unwrap();
    assert!(foreign_alone.abstained.is_some());
}

#[test]
fn known_age_groups_shift_the_prior() {
    let with = |x: AgeGroup, y: AgeGroup| {
        let groups = HashMap::from([("x".to_owned(), x), ("y".to_owned(), y)]);
        let mut conversation = RiskModel::new(&bundle().manifest).conversation(groups);
        pattern()[..4].iter().for_each(|observation| conversation.observe(observation));
        conversation.assessment().by_author[0].risk
    };
    let unknown = run(&pattern()[..4]).pop().unwrap().by_author[0].risk;
    assert!(with(AgeGroup::Adult, AgeGroup::Minor) > unknown);
    assert!(with(AgeGroup::Minor, AgeGroup::Minor) < unknown);
    assert!(with(AgeGroup::Adult, AgeGroup::Adult) < unknown);
}

#[test]
fn a_crowd_does_not_grow_the_state() {
    let mut observations = pattern();
    observations.extend((8..200).map(|id| says(&format!("guest {id}"), id, score(0.01, &[]))));
    let last = run(&observations).pop().unwrap();
    assert!(last.by_author.len() <= 64);
    assert_eq!(last.by_author[0].author_id, "x");
}

#[test]
fn the_bytes_of_a_conversation_are_those_of_its_ids_and_bounded() {
    let bytes = |guest: &str, guests: usize| {
        let groups = HashMap::from([("x".to_owned(), AgeGroup::Adult)]);
        let mut conversation = RiskModel::new(&bundle().manifest).conversation(groups);
        let empty = conversation.bytes();
        let said = (0..guests).map(|id| says(&format!("{guest} {id}"), id, score(0.9, &[Signal::Secrecy])));
        said.for_each(|observation| conversation.observe(&observation));
        conversation.bytes() - empty
    };
    assert!(bytes("a", 1) > 0);
    assert!(bytes(&"a".repeat(200), 64) > bytes("a", 64) + 64 * 199);
    assert!(bytes("guest", 900) < 2 * bytes("guest", 64), "a crowd is forgotten");
}
