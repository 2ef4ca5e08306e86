//! Whether a risk means what it says, of conversations and of messages.

use serde::Serialize;

use super::super::messages::MessageTally;
use super::super::record::Records;
use crate::metrics::{Reliability, ReliabilityBin};

/// Of conversations, by the risk after the last message; a conversation that is not judged has the risk 0.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Calibration {
    #[serde(flatten)]
    pub(crate) conversation: Calibrated,
    /// Of messages whose truth is known.
    pub(crate) message: Calibrated,
}

/// One level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Calibrated {
    unit: &'static str,
    /// Expected calibration error, 0 to 1.
    pub(crate) ece: Option<f64>,
    /// Mean square of what is missing to the truth, 0 to 1.
    pub(crate) brier: Option<f64>,
    /// What was said against what was so; empty bins are left out.
    pub(crate) bins: Vec<ReliabilityBin>,
}

impl Calibration {
    /// Of all that was kept.
    pub(crate) fn of(records: &Records, messages: &MessageTally) -> Self {
        let mut reliability = Reliability::default();
        records.all().iter().for_each(|record| reliability.add(f64::from(record.risk), record.positive));
        Self {
            conversation: Calibrated::of("conversation", &reliability),
            message: Calibrated::of("message", &messages.reliability),
        }
    }
}

impl Calibrated {
    fn of(unit: &'static str, reliability: &Reliability) -> Self {
        Self { unit, ece: reliability.ece(), brier: reliability.brier(), bins: reliability.bins() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::record::testing::records;
    use super::*;

    #[test]
    fn by_hand() {
        // Two bins: 0.9 says 0.1 too little, 0.25 says 0.25 too much: ECE (0.1 + 0.25) / 2, Brier (0.01 + 0.0625) / 2.
        let records = records(&[(true, 0.9, 0), (false, 0.25, 0)]);
        let found = Calibration::of(&records, &MessageTally::default());
        assert!((found.conversation.ece.unwrap() - 0.175).abs() < 1e-7);
        assert!((found.conversation.brier.unwrap() - 0.036_25).abs() < 1e-7);
        assert_eq!((found.conversation.bins.len(), found.message.ece), (2, None));
    }
}
