//! The figures as tables.

use super::super::figures::{
    Alerts, AuthorFigures, Baseline, Calibrated, Calibration, Cascade, Change, Conversations, Early, Flicker,
    Flickering, LIMITS, Latencies, Latency, LengthBin, Messages, PREVALENCES, Perturbed, Ranked, Robustness,
    Share, Shortcuts, SignalFigures, Slice, Source, StageLatencies,
};
use super::notes;
use super::rows::{PARTS, figures, part, points, points_interval, share, small_percent};
use crate::report::{Table, figure, percent, percents};

fn table(title: &str, header: &[&'static str], rows: Vec<Vec<String>>) -> Table {
    Table { title: title.to_owned(), header: header.to_vec(), rows }
}

fn row<const N: usize>(name: &str, cells: [String; N]) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(cells).collect()
}

fn undefined() -> String {
    percent(None)
}

/// The figures that are looked at first.
pub(super) fn ranking(
    conversations: &Conversations,
    messages: &Messages,
    calibration: &Calibration,
) -> Table {
    let (alerts, ranked) = (&conversations.alerts, &conversations.ranked);
    let mut rows = vec![
        row("positive", [alerts.n_pos.to_string(), String::new(), messages.n_pos.to_string()]),
        row("negative", [alerts.n_neg.to_string(), String::new(), messages.n_neg.to_string()]),
        row(
            "PR-AUC",
            [figure(ranked.pr_auc, 4), figures(ranked.pr_auc_interval, 4), figure(messages.pr_auc, 4)],
        ),
        row(
            "ROC-AUC",
            [figure(ranked.roc_auc, 4), figures(ranked.roc_auc_interval, 4), figure(messages.roc_auc, 4)],
        ),
        row("recall", [percent(alerts.recall), percents(alerts.recall_interval), percent(messages.recall)]),
        row(
            "false-positive rate",
            [percent(alerts.fpr), percents(alerts.fpr_interval), percent(messages.fpr)],
        ),
    ];
    rows.extend(LIMITS.map(|(key, _)| {
        let (recall, interval) = (ranked.recall_at_fpr[key], ranked.recall_at_fpr_interval[key]);
        row(&format!("recall at FPR {key}"), [percent(recall), percents(interval), undefined()])
    }));
    let (precision, interval) = (conversations.precision, conversations.precision_interval);
    let (ece, message_ece) = (calibration.conversation.ece, calibration.message.ece);
    rows.extend([
        row("precision in these data", [percent(precision), percents(interval), percent(messages.precision)]),
        row("F1", [figure(conversations.f1, 4), String::new(), figure(messages.f1, 4)]),
        row("F0.5", [figure(conversations.f0_5, 4), String::new(), undefined()]),
        row("calibration error (ECE)", [figure(ece, 4), String::new(), figure(message_ece, 4)]),
        row(
            "not judged",
            [conversations.n_abstained.to_string(), reasons(conversations), messages.n_refused.to_string()],
        ),
    ]);
    table("Ranking and alerts", &["figure", "conversations", "95 % interval", "messages"], rows)
}

fn reasons(conversations: &Conversations) -> String {
    let reasons = conversations.abstained_by_reason.iter().map(|(reason, n)| format!("{reason} {n}"));
    reasons.collect::<Vec<_>>().join(", ")
}

/// Both protocols; `alerts` are those that are served.
pub(super) fn early(early: &Early, alerts: &Alerts) -> Table {
    let (served, window) = (&early.served, &early.sliding_window);
    let both =
        |name: &str, cell: &dyn Fn(&Latencies) -> String| row(name, [cell(served), cell(&window.latencies)]);
    let rows = vec![
        row("recall", [alerts.recall, window.alerts.recall].map(percent)),
        row("false-positive rate", [alerts.fpr, window.alerts.fpr].map(percent)),
        row("alert before a photo or meeting is asked for", [percent(early.before_approach), undefined()]),
        both("median messages to alert", &|found| figure(found.median_latency, 1)),
        both("75th percentile", &|found| figure(found.p75, 1)),
        both("90th percentile", &|found| figure(found.p90, 1)),
        both("positives never alerted", &|found| percent(found.never)),
        both("ERDE 5", &|found| figure(found.erde_5, 4)),
        both("ERDE 50", &|found| figure(found.erde_50, 4)),
        both("F1 of alerts", &|found| figure(found.f1, 4)),
        both(&format!("F-latency, p = {:.5} (eSPD)", early.p), &|found| figure(found.f_latency, 4)),
        both(&format!("F-latency, p = {:.4} (eRisk)", early.p_erisk), &|found| {
            figure(found.f_latency_erisk, 4)
        }),
    ];
    table("Early detection", &["figure", "as served", "sliding window"], rows)
}

/// Of PAN12.
pub(super) fn authors(authors: &AuthorFigures) -> Table {
    let rows = vec![
        row("authors", [authors.n.to_string(), String::new()]),
        row("named by the data", [authors.n_pos.to_string(), String::new()]),
        row("flagged", [authors.n_flagged.to_string(), String::new()]),
        row("precision", [percent(authors.precision), percents(authors.precision_interval)]),
        row("recall", [percent(authors.recall), percents(authors.recall_interval)]),
        row("F1", [figure(authors.f1, 4), String::new()]),
        row("F0.5", [figure(authors.f0_5, 4), String::new()]),
    ];
    table("Authors", &["figure", "authors", "95 % interval"], rows)
}

/// The model and what it must be better than.
pub(super) fn baselines(model: &Ranked, baselines: &[Baseline]) -> Table {
    let mut rows = vec![ranked("conversation's risk", model)];
    rows.extend(baselines.iter().map(|baseline| ranked(notes::baseline(baseline.name), &baseline.ranked)));
    let header = [
        "score",
        "ROC-AUC",
        "95 % interval",
        "PR-AUC",
        "95 % interval",
        "recall at FPR 0.01",
        "recall at FPR 0.001",
    ];
    table("The same conversations by simpler scores", &header, rows)
}

fn ranked(name: &str, ranked: &Ranked) -> Vec<String> {
    let [first, second] = LIMITS.map(|(key, _)| percent(ranked.recall_at_fpr[key]));
    let cells = [
        figure(ranked.roc_auc, 4),
        figures(ranked.roc_auc_interval, 4),
        figure(ranked.pr_auc, 4),
        figures(ranked.pr_auc_interval, 4),
        first,
        second,
    ];
    row(name, cells)
}

/// What alerts would be worth where the pattern is rare.
pub(super) fn rarity(conversations: &Conversations) -> Table {
    let projection = &conversations.projection;
    let mut rows = vec![row(
        "alerts per million benign messages",
        [figure(conversations.alerts_per_million, 1), figures(conversations.alerts_per_million_interval, 1)],
    )];
    rows.extend(PREVALENCES.map(|(key, prevalence)| {
        let interval = projection.projected_precision_interval[key].map_or_else(undefined, |range| {
            format!("{} to {}", small_percent(Some(range.low)), small_percent(Some(range.high)))
        });
        let name = format!("precision if 1 in {:.0} conversations shows the pattern", 1.0 / prevalence);
        row(&name, [small_percent(projection.projected_precision[key]), interval])
    }));
    table("Alerts where the pattern is rare", &["figure", "projected", "95 % interval"], rows)
}

/// Alerts by source.
pub(super) fn sources(sources: &[Source]) -> Table {
    let rows = sources.iter().map(|source| part(&source.source, &source.part.alerts)).collect();
    table("Alerts by source", &PARTS, rows)
}

/// Alerts by slice.
pub(super) fn slices(slices: &[Slice]) -> Table {
    let rows = slices.iter().map(|slice| part(&slice.slice, &slice.part.alerts)).collect();
    table("Alerts by slice", &PARTS, rows)
}

/// False alerts for each original conversation.
pub(super) fn originals(sources: &[Source]) -> Table {
    let rows = sources.iter().filter_map(|source| {
        let originals = source.part.by_original.as_ref()?;
        let cells = [
            originals.n.to_string(),
            originals.false_alerts.to_string(),
            share(originals.fpr, originals.n),
            percents(originals.fpr_interval),
        ];
        Some(row(&source.source, cells))
    });
    let header = ["source", "originals", "with a false alert", "FPR", "95 % interval"];
    table("False alerts by original conversation", &header, rows.collect())
}

/// False alerts by length.
pub(super) fn lengths(bins: &[LengthBin]) -> Table {
    let cells = |bin: &LengthBin| {
        let cells = [
            bin.n.to_string(),
            bin.false_alerts.to_string(),
            share(bin.fpr, bin.n),
            percents(bin.fpr_interval),
            figure(bin.per_thousand_messages, 3),
            figures(bin.per_thousand_messages_interval, 3),
        ];
        row(bin.band, cells)
    };
    let header = [
        "messages",
        "negative",
        "false alerts",
        "FPR",
        "95 % interval",
        "per 1,000 messages",
        "95 % interval",
    ];
    table("False alerts by length", &header, bins.iter().map(cells).collect())
}

/// Decisions that come and go.
pub(super) fn flicker(flicker: &Flicker) -> Table {
    let cells = |name: &str, found: &Flickering| {
        let most = found.most_flips.map(f64::from);
        let cells = [
            found.n_alerted.to_string(),
            found.n_flickering.to_string(),
            percent(found.share),
            percents(found.share_interval),
            figure(found.flips_per_conversation, 2),
            figure(most, 0),
        ];
        row(name, cells)
    };
    let header = [
        "conversations",
        "with an alert",
        "that changed",
        "share",
        "95 % interval",
        "changes for each",
        "most changes",
    ];
    let rows = vec![cells("positive", &flicker.positive), cells("negative", &flicker.negative)];
    table("Flicker after the first alert", &header, rows)
}

/// Both levels.
pub(super) fn calibration(calibration: &Calibration) -> Table {
    let cells = |name: &str, found: &Calibrated| row(name, [figure(found.ece, 4), figure(found.brier, 4)]);
    let rows =
        vec![cells("conversations", &calibration.conversation), cells("messages", &calibration.message)];
    table("Calibration", &["unit", "ECE", "Brier"], rows)
}

/// Every signal.
pub(super) fn signals(signals: &[SignalFigures]) -> Table {
    let cells = |signal: &SignalFigures| {
        let cells = [
            signal.n_pos.to_string(),
            percent(signal.precision),
            percents(signal.precision_interval),
            percent(signal.recall),
            percents(signal.recall_interval),
            figure(signal.f1, 4),
            figure(signal.average_precision, 4),
        ];
        row(signal.signal, cells)
    };
    let header = ["signal", "messages", "precision", "95 % interval", "recall", "95 % interval", "F1", "AP"];
    table("Signals", &header, signals.iter().map(cells).collect())
}

/// Every perturbation.
pub(super) fn robustness(robustness: &Robustness) -> Table {
    let mut rows = vec![row(
        "as they are",
        [
            percent(robustness.recall),
            String::new(),
            String::new(),
            percent(robustness.fpr),
            String::new(),
            String::new(),
        ],
    )];
    rows.extend(robustness.by_perturbation.iter().map(perturbed));
    table("Spoiled text", &PERTURBED, rows)
}

/// The conversations changed to see what the model goes by.
pub(super) fn probes(robustness: &Robustness) -> Table {
    table("Changed conversations", &PERTURBED, robustness.probes.iter().map(perturbed).collect())
}

const PERTURBED: [&str; 7] =
    ["text", "recall", "change, points", "95 % interval", "FPR", "change, points", "95 % interval"];

fn perturbed(found: &Perturbed) -> Vec<String> {
    let cells = [
        percent(found.recall),
        points(found.recall_change),
        points_interval(found.recall_change_interval),
        percent(found.fpr),
        points(found.fpr_change),
        points_interval(found.fpr_change_interval),
    ];
    row(found.perturbation, cells)
}

/// Ways to guess a label without reading.
pub(super) fn shortcuts(shortcuts: &Shortcuts) -> Table {
    let mut rows = vec![
        row("positives by source alone", [figure(shortcuts.source_only, 3)]),
        row("positives by length alone", [figure(shortcuts.length_only, 3)]),
    ];
    let sources = shortcuts.negatives_by_source.iter();
    rows.extend(
        sources
            .map(|(source, area)| row(&format!("negatives of {source} by their risk"), [figure(*area, 3)])),
    );
    table("Shortcuts", &["what is told apart", "ROC-AUC"], rows)
}

/// What the first stage saves and loses.
pub(super) fn cascade(cascade: &Cascade) -> Table {
    let share = |name: &str, share: &Share| {
        row(name, [percent(share.share), percents(share.interval), share.n.to_string()])
    };
    let change = |name: &str, change: &Change| {
        let both = format!("{} → {}", percent(change.without), percent(change.with));
        row(name, [both, points_interval(change.change_interval), points(change.change)])
    };
    let rows = vec![
        share("benign messages that the model reads", &cascade.benign_passed),
        share("firing messages lost", &cascade.firing_lost),
        change("recall", &cascade.recall_change),
        change("false-positive rate", &cascade.fpr_change),
    ];
    table(
        "The model behind the first stage",
        &["figure", "share", "95 % interval", "messages, or change in points"],
        rows,
    )
}

/// Every stage.
pub(super) fn latency(stages: &StageLatencies) -> Table {
    let cells = |name: &str, stage: &Latency| {
        row(name, [stage.p50, stage.p90, stage.p99].map(|time| figure(time, 1)))
    };
    let rows =
        vec![cells("prepare", &stages.prepare), cells("infer", &stages.infer), cells("risk", &stages.risk)];
    table("Microseconds for a message", &["stage", "p50", "p90", "p99"], rows)
}
