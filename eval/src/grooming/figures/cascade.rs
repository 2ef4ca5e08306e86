//! What the first stage of the cascade saves, and what it loses.

use serde::Serialize;

use super::super::cascade::CascadeTally;
use super::super::record::{Record, Records};
use crate::metrics::{Paired, Proportion, Range};

/// The model that reads every message, and the same behind the first stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Cascade {
    /// Share of the messages of benign conversations that the model has to read.
    pub(crate) benign_passed: Share,
    /// Share of the messages on which the model fires (a signal, or a risk of 0.5) that it does not get to read.
    pub(crate) firing_lost: Share,
    /// Conversations that show the pattern, with an alert: behind the first stage less without it.
    pub(crate) recall_change: Change,
    /// The same of benign conversations.
    pub(crate) fpr_change: Change,
}

/// So many of so many.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Share {
    pub(crate) n: usize,
    pub(crate) share: Option<f64>,
    /// 95 %, Clopper–Pearson, as if messages were independent.
    pub(crate) interval: Option<Range>,
}

/// A share without the first stage and with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Change {
    pub(crate) without: Option<f64>,
    pub(crate) with: Option<f64>,
    /// −1 to 1.
    pub(crate) change: Option<f64>,
    /// 95 %, paired, Newcombe.
    pub(crate) change_interval: Option<Range>,
}

impl Cascade {
    /// Of all that was judged.
    pub(crate) fn of(messages: &CascadeTally, records: &Records) -> Self {
        Self {
            benign_passed: Share::of(messages.benign_passed),
            firing_lost: Share::of(messages.firing_lost),
            recall_change: Change::of(records.positives()),
            fpr_change: Change::of(records.negatives()),
        }
    }
}

impl Share {
    fn of(share: Proportion) -> Self {
        Self { n: share.n, share: share.rate(), interval: share.interval() }
    }
}

impl Change {
    fn of<'a>(records: impl Iterator<Item = &'a Record>) -> Self {
        let alerts = records.map(|record| (record.alerted(), record.alert_screened));
        let (without, with): (Vec<_>, Vec<_>) = alerts.unzip();
        let paired = Paired::of(&without, &with);
        Self {
            without: paired.before().rate(),
            with: paired.after().rate(),
            change: paired.change(),
            change_interval: paired.change_interval(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::record::testing::mixed;
    use super::*;

    #[test]
    fn classes_are_kept_apart() {
        let share = |hits, n| Proportion { hits, n };
        let messages = CascadeTally { benign_passed: share(1, 4), firing_lost: share(0, 8) };
        let found = Cascade::of(&messages, &mixed());
        assert_eq!((found.benign_passed.share, found.firing_lost.share), (Some(0.25), Some(0.0)));
        assert_eq!((found.recall_change.without, found.recall_change.change), (Some(2.0 / 3.0), Some(0.0)));
        assert_eq!((found.fpr_change.with, found.fpr_change.change), (Some(0.5), Some(0.0)));
    }
}
