//! The figures as plots.

use super::super::figures::{
    AlertedBy, Baseline, Calibrated, Conversations, CurvePoint, Early, LengthBin, Source,
};
use super::notes;
use crate::metrics::{Range, ReliabilityBin};
use crate::report::{Axis, Forest, ForestRow, Layer, Plot, Scale, Unit};

const ALL: Range = Range { low: 0.0, high: 1.0 };

/// False-positive rates lower than this are drawn at it: a logarithm has no 0.
const LEAST_RATE: f64 = 1e-4;

fn shares(label: &str) -> Axis {
    Axis { label: label.to_owned(), scale: Scale::Linear, bounds: Some(ALL), unit: Unit::Percent }
}

/// Lines of the model and of each baseline.
fn lines(
    curve: &[CurvePoint],
    baselines: &[Baseline],
    point: impl Fn(&CurvePoint) -> (f64, f64),
) -> Vec<Layer> {
    let line = |name: &str, curve: &[CurvePoint]| Layer::Line {
        name: name.to_owned(),
        points: curve.iter().map(&point).collect(),
    };
    let others = baselines.iter().map(|baseline| line(notes::baseline(baseline.name), &baseline.curve));
    std::iter::once(line("conversation's risk", curve)).chain(others).collect()
}

/// Precision against recall, and where alerts stand as they are served.
pub(super) fn precision_recall(
    curve: &[CurvePoint],
    baselines: &[Baseline],
    conversations: &Conversations,
) -> Plot {
    let mut layers = lines(curve, baselines, |point| (point.recall, point.precision));
    if let Some(served) = conversations.alerts.recall.zip(conversations.precision) {
        layers.push(Layer::Points { name: "alerts as served".to_owned(), points: vec![served] });
    }
    Plot {
        title: "Precision and recall".to_owned(),
        caption:
            "Of conversations, by the risk after the last message, with the share of positives of these data."
                .to_owned(),
        x: shares("recall"),
        y: shares("precision"),
        layers,
    }
}

/// Recall against false alarms.
pub(super) fn recall_by_false_alarms(curve: &[CurvePoint], baselines: &[Baseline]) -> Plot {
    Plot {
        title: "Recall against false alarms".to_owned(),
        caption: "Of conversations, by the risk after the last message; the false-positive rate on a logarithmic scale, \
                  from 0.01 % on."
            .to_owned(),
        x: Axis {
            label: "false-positive rate".to_owned(),
            scale: Scale::Log10,
            bounds: Some(Range { low: LEAST_RATE, high: 1.0 }),
            unit: Unit::Percent,
        },
        y: shares("recall"),
        layers: lines(curve, baselines, |point| (point.fpr.max(LEAST_RATE), point.recall)),
    }
}

/// The share of positives with an alert against messages read.
pub(super) fn messages_to_alert(early: &Early) -> Plot {
    let steps = |name: &str, alerted: &[AlertedBy]| {
        let points = alerted.iter().map(|step| (f64::from(step.messages), step.share));
        Layer::Steps { name: name.to_owned(), points: std::iter::once((0.0, 0.0)).chain(points).collect() }
    };
    Plot {
        title: "Messages to alert".to_owned(),
        caption: "Share of all positives that have had an alert once so many messages have been read."
            .to_owned(),
        x: Axis { label: "messages read".to_owned(), scale: Scale::Linear, bounds: None, unit: Unit::Number },
        y: shares("positives alerted"),
        layers: vec![
            steps("as served", &early.served.alerted_by),
            steps("sliding window", &early.sliding_window.latencies.alerted_by),
        ],
    }
}

/// What was said against what was so.
pub(super) fn reliability(title: &str, calibrated: &Calibrated) -> Plot {
    let bin = |bin: &ReliabilityBin| (bin.mean_predicted, bin.observed, bin.observed_interval);
    Plot {
        title: title.to_owned(),
        caption: "Cases by tenth of the risk: the mean risk against the share that belongs to the pattern."
            .to_owned(),
        x: shares("risk"),
        y: shares("share of the pattern"),
        layers: vec![
            Layer::Diagonal { name: "calibrated".to_owned() },
            Layer::Errors { name: "observed".to_owned(), points: calibrated.bins.iter().map(bin).collect() },
        ],
    }
}

/// False alarms by source.
pub(super) fn by_source(sources: &[Source]) -> Forest {
    let negative = sources.iter().filter(|source| source.part.alerts.n_neg > 0);
    let row = |source: &Source| {
        let alerts = &source.part.alerts;
        ForestRow {
            name: format!("{} (n = {})", source.source, alerts.n_neg),
            value: alerts.sufficient_fpr(),
            interval: alerts.sufficient_fpr().and(alerts.fpr_interval),
        }
    };
    Forest {
        title: "False alarms by source".to_owned(),
        caption: "Share of the negative conversations of each source with an alert, with 95 % intervals."
            .to_owned(),
        x: Axis {
            label: "false-positive rate".to_owned(),
            scale: Scale::Linear,
            bounds: None,
            unit: Unit::Percent,
        },
        rows: negative.map(row).collect(),
        reference: None,
    }
}

/// False alarms by length.
pub(super) fn by_length(bins: &[LengthBin]) -> Plot {
    let enough = bins.iter().filter(|bin| bin.sufficient && bin.messages > 0);
    let point = |bin: &LengthBin| {
        let mean = bin.messages as f64 / bin.n as f64;
        Some((mean, bin.fpr?, bin.fpr_interval?))
    };
    Plot {
        title: "False alarms against length".to_owned(),
        caption: "Share of the negative conversations of like length with an alert, at their mean length; bins of fewer \
                  than 30 conversations are left out."
            .to_owned(),
        x: Axis { label: "messages".to_owned(), scale: Scale::Log10, bounds: None, unit: Unit::Number },
        y: Axis {
            label: "false-positive rate".to_owned(),
            scale: Scale::Linear,
            bounds: None,
            unit: Unit::Percent,
        },
        layers: vec![Layer::Errors {
            name: "conversations".to_owned(),
            points: enough.filter_map(point).collect(),
        }],
    }
}
