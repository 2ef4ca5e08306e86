//! The fitted parameters of the conversation's risk, the states, and the rule that leads from one to the other.

use serde::Deserialize;

/// The `[risk]` table: the fitted parameters of the conversation's risk.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RiskParameters {
    pub(crate) intercept: f64,
    /// Message risks from which on they count, and from which on they count no more.
    pub(crate) floor: f64,
    pub(crate) ceiling: f64,
    pub(crate) half_life_messages: f64,
    pub(crate) half_life_days: f64,
    pub(crate) pattern: f64,
    pub(crate) escalation: f64,
    pub(crate) diversity: f64,
    /// Evidence of a stage from which on it counts as seen.
    pub(crate) stage_seen: f64,
    pub(crate) watch: Band,
    pub(crate) alert: Band,
    pub(crate) age_groups: AgeGroupPriors,
}

/// Risks at which a state is entered and, lower, left again.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Band {
    pub(crate) enter: f64,
    pub(crate) leave: f64,
}

/// Shifts in logits where the platform knows who is of age. Set by hand and not fitted: no data says how much.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgeGroupPriors {
    pub(crate) adult_to_minor: f64,
    pub(crate) between_minors: f64,
    pub(crate) between_adults: f64,
}

/// How many of those who have spoken are known to be minors, and how many adults.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownAges {
    pub(crate) minors: usize,
    pub(crate) adults: usize,
}

/// Whether an author is a minor, where the platform knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgeGroup {
    /// Under age.
    Minor,
    /// Of age.
    Adult,
}

/// What a risk calls for. Ordered by urgency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RiskState {
    /// Nothing.
    #[default]
    None,
    /// Keep an eye on it.
    Watch,
    /// A human reviewer should look.
    Alert,
}

impl RiskState {
    /// The name in answers and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Watch => "WATCH",
            Self::Alert => "ALERT",
        }
    }
}

impl AgeGroupPriors {
    /// The shift for an author of this group among all that are `known`, the author included.
    pub(crate) fn prior(&self, group: Option<AgeGroup>, known: KnownAges) -> f64 {
        match group {
            Some(AgeGroup::Adult) if known.minors > 0 => self.adult_to_minor,
            Some(AgeGroup::Adult) if known.adults > 1 => self.between_adults,
            Some(AgeGroup::Minor) if known.minors > 1 => self.between_minors,
            _ => 0.0,
        }
    }
}

impl RiskParameters {
    /// How strongly a message's risk speaks, 0 to 1, on the scale of log-odds: doubtful messages, however many, add nothing.
    pub(crate) fn strength(&self, risk: f64) -> f64 {
        let logit = |probability: f64| (probability / (1.0 - probability)).ln();
        if risk <= self.floor {
            return 0.0;
        }
        ((logit(risk) - logit(self.floor)) / (logit(self.ceiling) - logit(self.floor))).min(1.0)
    }

    /// The state at `risk` for an author who was in `before`.
    pub(crate) fn state(&self, risk: f64, before: RiskState) -> RiskState {
        let holds =
            |band: Band, state: RiskState| risk >= if before >= state { band.leave } else { band.enter };
        if holds(self.alert, RiskState::Alert) {
            RiskState::Alert
        } else if holds(self.watch, RiskState::Watch) {
            RiskState::Watch
        } else {
            RiskState::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIORS: AgeGroupPriors =
        AgeGroupPriors { adult_to_minor: 1.0, between_minors: -2.0, between_adults: -3.0 };

    /// The shift for the author at `place`, told by looking at each of the others.
    fn prior_by_each_other(groups: &[Option<AgeGroup>], place: usize) -> f64 {
        let others = groups.iter().enumerate().filter(|&(at, _)| at != place);
        let others: Vec<AgeGroup> = others.filter_map(|(_, group)| *group).collect();
        let with_minors = others.contains(&AgeGroup::Minor);
        match groups[place] {
            Some(AgeGroup::Adult) if with_minors => PRIORS.adult_to_minor,
            Some(AgeGroup::Adult) if !others.is_empty() => PRIORS.between_adults,
            Some(AgeGroup::Minor) if with_minors => PRIORS.between_minors,
            _ => 0.0,
        }
    }

    #[test]
    fn counting_all_says_what_looking_at_each_other_said() {
        let kinds = [None, Some(AgeGroup::Minor), Some(AgeGroup::Adult)];
        // Every conversation of up to six authors.
        for (authors, mut number) in
            (1..=6).flat_map(|authors| (0..3_usize.pow(authors)).map(move |n| (authors, n)))
        {
            let mut draw = |_| {
                let kind = kinds[number % 3];
                number /= 3;
                kind
            };
            let groups: Vec<_> = (0..authors).map(&mut draw).collect();
            let count = |group| groups.iter().filter(|&&of| of == Some(group)).count();
            let known = KnownAges { minors: count(AgeGroup::Minor), adults: count(AgeGroup::Adult) };
            for (place, &group) in groups.iter().enumerate() {
                assert_eq!(PRIORS.prior(group, known), prior_by_each_other(&groups, place), "{groups:?}");
            }
        }
    }
}
