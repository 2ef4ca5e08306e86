//! A conversation as it is served: message by message, and what is decided at each.

use std::collections::{BTreeSet, HashMap};

use models::grooming::{Abstention, ConversationRisk, MessageScore, Observation, RiskModel, RiskState};

use crate::dataset::{Chat, Message};

/// What the conversation's risk came to, from its first message to its last.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    /// After the last message, 0 to 1.
    pub(crate) risk: f32,
    /// After the last message.
    pub(crate) state: RiskState,
    /// Why there is no judgement after the last message.
    pub(crate) abstained: Option<Abstention>,
    /// How many messages had been read when the state first became ALERT. Later states change nothing about it.
    pub(crate) first_alert: Option<usize>,
    /// How often the decision changed after that: ALERT left, or entered again.
    pub(crate) flips: usize,
    /// What was decided after each message.
    pub(crate) steps: Vec<Step>,
    /// The authors who were in ALERT themselves at some message, by name.
    pub(crate) alerted_authors: BTreeSet<String>,
}

/// What was decided once a message had been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// An author is in ALERT.
    Alert,
    /// No author is.
    Quiet,
    /// The text so far allows no judgement.
    Abstained,
}

impl Walk {
    /// Reads the messages of a conversation; None is one that cannot be scored.
    pub(crate) fn of(model: &RiskModel, observed: &[Option<Observation>]) -> Self {
        let mut served = Served::new(model);
        observed.iter().for_each(|observation| served.read(observation.as_ref()));
        let assessment = served.conversation.assessment();
        Self {
            risk: assessment.risk,
            state: assessment.state,
            abstained: assessment.abstained,
            first_alert: first_alert(&served.steps),
            flips: flips(&served.steps),
            alerted_authors: served.alerted_authors,
            steps: served.steps,
        }
    }
}

/// The conversation so far.
struct Served {
    conversation: ConversationRisk,
    steps: Vec<Step>,
    alerted_authors: BTreeSet<String>,
}

impl Served {
    fn new(model: &RiskModel) -> Self {
        let conversation = model.conversation(HashMap::new());
        Self { conversation, steps: Vec::new(), alerted_authors: BTreeSet::new() }
    }

    /// A message without a score changes nothing, but it has been read.
    fn read(&mut self, observation: Option<&Observation>) {
        if let Some(observation) = observation {
            self.conversation.observe(observation);
        }
        let step = step(&self.conversation);
        if step == Step::Alert {
            for author in self.conversation.authors_in(RiskState::Alert) {
                if !self.alerted_authors.contains(author) {
                    self.alerted_authors.insert(author.to_owned());
                }
            }
        }
        self.steps.push(step);
    }
}

/// The decision on what `conversation` shows so far.
pub(crate) fn step(conversation: &ConversationRisk) -> Step {
    if conversation.abstention().is_some() {
        Step::Abstained
    } else if conversation.state() == RiskState::Alert {
        Step::Alert
    } else {
        Step::Quiet
    }
}

/// The messages of `chat` with their scores, as the risk model takes them.
pub(crate) fn observations(chat: &Chat, scores: &[Option<MessageScore>]) -> Vec<Option<Observation>> {
    let observation = |(place, (message, score)): (usize, (&Message, &Option<MessageScore>))| {
        score.map(|score| Observation {
            message_id: place.to_string(),
            author_id: message.author.clone(),
            sent_at: message.sent_at,
            score,
        })
    };
    chat.messages.iter().zip(scores).enumerate().map(observation).collect()
}

fn first_alert(steps: &[Step]) -> Option<usize> {
    steps.iter().position(|&step| step == Step::Alert).map(|place| place + 1)
}

fn flips(steps: &[Step]) -> usize {
    let alerts = steps.iter().map(|&step| step == Step::Alert).skip_while(|&alert| !alert);
    let alerts: Vec<bool> = alerts.collect();
    alerts.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64;

    use super::super::testing::{chat, risk_model, score};
    use super::*;

    #[test]
    fn every_step_is_that_of_the_assessment_served_at_that_message() {
        let (model, mut random) = (risk_model(), Pcg64::seed_from_u64(3));
        let scores: Vec<_> = (0..80).map(|_| Some(score(random.random_range(0.0..0.6)))).collect();
        let observed = observations(&chat("a", true, &["text"; 80]), &scores);
        let walk = Walk::of(&model, &observed);
        let mut conversation = model.conversation(HashMap::new());
        let mut alerted = BTreeSet::new();
        for (observation, step) in observed.iter().flatten().zip(&walk.steps) {
            conversation.observe(observation);
            let assessment = conversation.assessment();
            assert_eq!(*step == Step::Alert, assessment.state == RiskState::Alert);
            let authors = assessment.by_author.into_iter().filter(|author| author.state == RiskState::Alert);
            alerted.extend(authors.map(|author| author.author_id));
        }
        let assessment = conversation.assessment();
        assert_eq!((walk.risk, walk.state), (assessment.risk, assessment.state));
        let first = assessment.first_alert_message_id.map(|place| place.parse::<usize>().unwrap() + 1);
        assert!(first.is_some() && walk.first_alert == first, "{first:?}");
        assert_eq!(walk.alerted_authors, alerted);
    }

    #[test]
    fn the_first_alert_stays_and_what_comes_after_it_is_flicker() {
        use Step::{Abstained, Alert, Quiet};
        let steps = [Abstained, Quiet, Alert, Alert, Quiet, Quiet, Alert, Abstained];
        assert_eq!(first_alert(&steps), Some(3));
        // Left at the fifth, entered at the seventh, left at the eighth.
        assert_eq!(flips(&steps), 3);
        assert_eq!((first_alert(&steps[..2]), flips(&steps[..2]), flips(&steps[..4])), (None, 0, 0));
    }
}
