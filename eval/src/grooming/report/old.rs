//! The report on grooming risk.

use serde::Serialize;

use super::alerts::Alerts;
use super::figures::{Calibration, Conversations, Early, Messages, Slice, Source, Tally};
use crate::report::{Provenance, Report, Table, figure, percent, percents};

/// report.json.
#[derive(Debug, Serialize)]
pub(crate) struct GroomingReport {
    kind: &'static str,
    conversation: Conversations,
    message: Messages,
    calibration: Calibration,
    early: Early,
    by_source: Vec<Source>,
    by_slice: Vec<Slice>,
    provenance: Provenance,
}

impl GroomingReport {
    /// Of all samples.
    pub(crate) fn new(tally: &Tally, provenance: Provenance) -> Self {
        Self {
            kind: "grooming",
            conversation: tally.conversations(),
            message: tally.messages(),
            calibration: tally.calibration(),
            early: tally.early(),
            by_source: tally.by_source(),
            by_slice: tally.by_slice(),
            provenance,
        }
    }

    fn ranking(&self) -> Table {
        let (conversations, messages) = (&self.conversation, &self.message);
        let alerts = &conversations.alerts;
        let row =
            |name: &str, conversation: String, message: String| vec![name.to_owned(), conversation, message];
        let none = || "–".to_owned();
        let mut rows = vec![
            row("positive", alerts.n_pos.to_string(), messages.n_pos.to_string()),
            row("negative", alerts.n_neg.to_string(), messages.n_neg.to_string()),
            row("PR-AUC", figure(conversations.pr_auc, 4), figure(messages.pr_auc, 4)),
            row("ROC-AUC", figure(conversations.roc_auc, 4), figure(messages.roc_auc, 4)),
            row("recall", percent(alerts.recall), percent(messages.recall)),
            row("false-positive rate", percent(alerts.fpr), percent(messages.fpr)),
        ];
        for (limit, recall) in &conversations.recall_at_fpr {
            rows.push(row(&format!("recall at FPR {limit}"), percent(*recall), none()));
        }
        rows.push(row("calibration error (ECE)", figure(self.calibration.ece, 4), none()));
        rows.push(row("not judged", conversations.n_abstained.to_string(), messages.n_refused.to_string()));
        Table {
            title: "Ranking and alerts".to_owned(),
            header: vec!["figure", "conversations", "messages"],
            rows,
        }
    }

    fn early(&self) -> Table {
        let row = |name: &str, value: String| vec![name.to_owned(), value];
        Table {
            title: "Early detection".to_owned(),
            header: vec!["figure", "conversations"],
            rows: vec![
                row("median messages to alert", figure(self.early.median_latency, 1)),
                row("F1 of alerts", figure(self.conversation.f1, 4)),
                row("F-latency", figure(self.early.f_latency, 4)),
                row("steepness p", figure(Some(self.early.p), 5)),
            ],
        }
    }
}

impl Report for GroomingReport {
    fn title(&self) -> &'static str {
        "Grooming risk"
    }

    fn notes(&self) -> Vec<String> {
        [
            "A risk is a reason for a human reviewer to look. It is never proof of anything about anybody.",
            "Figures on synthetic conversations, or on conversations with decoys, say nothing of recall in the real world.",
            "The unit is the conversation unless the column says message. A long chat that was cut into pieces counts \
             once for each piece; its pieces are not independent, so that intervals are somewhat too narrow.",
            "A conversation has an alert if its state was ALERT after any of its messages; AUCs, recall at a given \
             false-positive rate and ECE are of its risk after the last one.",
            "A message counts as flagged from a risk of 0.5 on. Messages of negative conversations are negative; those \
             of positive ones count only where the data label them.",
            "Intervals are Clopper–Pearson, 95 %.",
        ]
        .map(str::to_owned)
        .into()
    }

    fn summary(&self) -> Vec<Table> {
        let sources = self.by_source.iter().map(|part| row(&part.source, &part.alerts)).collect();
        let slices = self.by_slice.iter().map(|part| row(&part.slice, &part.alerts)).collect();
        vec![
            self.ranking(),
            self.early(),
            parts("Alerts by source", sources),
            parts("Alerts by slice", slices),
        ]
    }

    fn details(&self) -> Vec<Table> {
        Vec::new()
    }

    fn provenance(&self) -> &Provenance {
        &self.provenance
    }
}

fn parts(title: &str, rows: Vec<Vec<String>>) -> Table {
    let header =
        vec!["conversations", "positive", "recall", "95 % interval", "negative", "FPR", "95 % interval"];
    Table { title: title.to_owned(), header, rows }
}

fn row(name: &str, alerts: &Alerts) -> Vec<String> {
    vec![
        name.to_owned(),
        alerts.n_pos.to_string(),
        percent(alerts.recall),
        percents(alerts.recall_interval),
        alerts.n_neg.to_string(),
        percent(alerts.fpr),
        percents(alerts.fpr_interval),
    ]
}
