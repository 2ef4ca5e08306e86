//! A score never changes with load, batch or packing: what an answer is compared by. Pure.

use proto::age::v1::EstimateAgeResponse;
use proto::grooming::v1::{MessageResult, RiskUpdate};
use tonic::Code;

/// Two probabilities may differ by so much: the arithmetic of a batch adds in another order than that of one.
const PROBABILITY: f32 = 1e-4;

/// Two ages may differ by so much, years.
const YEARS: f32 = 1e-2;

/// The numbers of one answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Score {
    probabilities: Vec<f32>,
    years: Vec<f32>,
    /// What must be the very same.
    state: i32,
}

/// What comparing an answer came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Checked {
    /// Messages or photos answered.
    pub(crate) items: u64,
    /// Those whose score is not what it was alone.
    pub(crate) mismatches: u64,
    /// Why the first of those without an answer has none.
    pub(crate) failure: Option<Code>,
}

impl Score {
    /// Of a message: its risk and its signals.
    pub(crate) fn of_message(result: &MessageResult) -> Self {
        let signals = result.signals.iter().map(|signal| signal.probability);
        Self::of_probabilities(std::iter::once(result.risk).chain(signals).collect())
    }

    /// Of a photo: the ages of its faces, largest first.
    pub(crate) fn of_photo(response: &EstimateAgeResponse) -> Self {
        let (mut probabilities, mut years) = (Vec::new(), Vec::new());
        for estimate in response.faces.iter().filter_map(|face| face.estimate.as_ref()) {
            let interval = estimate.interval.unwrap_or_default();
            years.extend([estimate.age_years, interval.low, interval.high]);
            probabilities.extend(estimate.over.iter().map(|over| over.probability));
        }
        Self { probabilities, years, state: 0 }
    }

    /// Of a message within its conversation: its own risk, the conversation's, and the state.
    pub(crate) fn of_update(update: &RiskUpdate) -> Self {
        Self { state: update.state, ..Self::of_probabilities(vec![update.message_risk, update.risk]) }
    }

    /// Of a message whose conversation lacks another that failed: only its own risk means the same.
    pub(crate) fn without_conversation(&self) -> Self {
        Self::of_probabilities(self.probabilities.iter().take(1).copied().collect())
    }

    /// Whether both mean the same.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        self.state == other.state
            && all_within(&self.probabilities, &other.probabilities, PROBABILITY)
            && all_within(&self.years, &other.years, YEARS)
    }

    fn of_probabilities(probabilities: Vec<f32>) -> Self {
        Self { probabilities, years: Vec::new(), state: 0 }
    }
}

impl Checked {
    /// One answer, compared with what it was alone. There, None was refused, and must be here.
    pub(crate) fn answer(score: &Score, alone: Option<&Score>) -> Self {
        let agrees = alone.is_some_and(|alone| score.agrees(alone));
        Self { items: 1, mismatches: u64::from(!agrees), failure: None }
    }

    /// None.
    pub(crate) fn failure(code: Code) -> Self {
        Self { failure: Some(code), ..Self::default() }
    }
}

impl std::iter::Sum for Checked {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            items: sum.items + one.items,
            mismatches: sum.mismatches + one.mismatches,
            failure: sum.failure.or(one.failure),
        })
    }
}

/// What is no number agrees with nothing.
fn all_within(one: &[f32], other: &[f32], tolerance: f32) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| (one - other).abs() <= tolerance)
}

#[cfg(test)]
mod tests {
    use proto::age::v1::{AgeEstimate, Face, OverAge};
    use proto::grooming::v1::{SignalScore, State};

    use super::*;

    fn message(risk: f32, signal: f32) -> Score {
        let signals = vec![SignalScore { probability: signal, ..Default::default() }];
        Score::of_message(&MessageResult { risk, signals, ..Default::default() })
    }

    fn photo(ages: &[f32], over: f32) -> Score {
        let over = vec![OverAge { age: 18, probability: over }];
        let estimate =
            |age_years: &f32| AgeEstimate { age_years: *age_years, over: over.clone(), interval: None };
        let face = |age: &f32| Face { estimate: Some(estimate(age)), ..Default::default() };
        Score::of_photo(&EstimateAgeResponse { faces: ages.iter().map(face).collect(), ..Default::default() })
    }

    #[test]
    fn rounding_agrees_and_a_change_does_not() {
        assert!(message(0.5, 0.2).agrees(&message(0.50009, 0.19991)));
        assert!(!message(0.5, 0.2).agrees(&message(0.5002, 0.2)));
        assert!(!message(0.5, 0.2).agrees(&message(0.5, 0.2002)));
        assert!(photo(&[20.0], 0.5).agrees(&photo(&[20.009], 0.5)));
        assert!(!photo(&[20.0], 0.5).agrees(&photo(&[20.02], 0.5)));
        assert!(!photo(&[20.0], 0.5).agrees(&photo(&[20.0], 0.4)));
    }

    #[test]
    fn a_face_more_or_no_number_agrees_with_nothing() {
        assert!(!photo(&[20.0], 0.5).agrees(&photo(&[20.0, 30.0], 0.5)));
        assert!(!message(f32::NAN, 0.2).agrees(&message(f32::NAN, 0.2)));
    }

    #[test]
    fn a_conversation_counts_only_where_it_is_whole() {
        let update = |risk, state: State| RiskUpdate {
            message_risk: 0.3,
            risk,
            state: state.into(),
            ..Default::default()
        };
        let alone = Score::of_update(&update(0.9, State::Alert));
        let other = update(0.1, State::None);
        assert!(!Score::of_update(&other).agrees(&alone));
        let own = |score: &Score| score.without_conversation();
        assert!(own(&Score::of_update(&other)).agrees(&own(&alone)));
    }
}
