//! The report on grooming risk.

mod notes;
mod plots;
mod rows;
mod tables;

use serde::Serialize;

use super::figures::{
    AuthorFigures, Baseline, Calibration, Cascade, Conversations, Early, Flicker, LengthBin, Messages,
    Robustness, Shortcuts, SignalFigures, Slice, Source, StageLatencies, baselines, by_length, by_signal,
    by_slice, by_source,
};
use super::tally::Tally;
use crate::report::{Figure, Place, Provenance, Report, Section, Table};

/// report.json.
#[derive(Debug, Serialize)]
pub(crate) struct GroomingReport {
    kind: &'static str,
    conversation: Conversations,
    message: Messages,
    author: Option<AuthorFigures>,
    calibration: Calibration,
    early: Early,
    flicker: Flicker,
    baselines: Vec<Baseline>,
    by_source: Vec<Source>,
    by_slice: Vec<Slice>,
    by_length: Vec<LengthBin>,
    by_signal: Vec<SignalFigures>,
    robustness: Option<Robustness>,
    shortcuts: Shortcuts,
    cascade: Option<Cascade>,
    latency_us: StageLatencies,
    provenance: Provenance,
}

impl GroomingReport {
    /// Of all that was judged.
    pub(crate) fn new(tally: &Tally, provenance: Provenance) -> Self {
        let (records, messages) = (&tally.records, &tally.messages);
        let conversation = Conversations::of(records);
        Self {
            kind: "grooming",
            baselines: baselines(records, &conversation.ranked),
            conversation,
            message: Messages::of(messages),
            author: tally.authors.as_ref().map(AuthorFigures::of),
            calibration: Calibration::of(records, messages),
            early: Early::of(records),
            flicker: Flicker::of(records),
            by_source: by_source(records),
            by_slice: by_slice(records),
            by_length: by_length(records),
            by_signal: by_signal(messages),
            robustness: tally.alerted.as_ref().map(Robustness::of),
            shortcuts: Shortcuts::of(records),
            cascade: tally.has_screen().then(|| Cascade::of(&tally.cascade, records)),
            latency_us: tally.times.latencies(),
            provenance,
        }
    }

    fn overview(&self) -> Section {
        let drawn = &self.conversation.curve;
        Section {
            title: "Conversations".to_owned(),
            notes: self.wins().into_iter().collect(),
            plots: vec![
                Figure::Plot(plots::precision_recall(drawn, &self.baselines, &self.conversation)),
                Figure::Plot(plots::recall_by_false_alarms(drawn, &self.baselines)),
            ],
            tables: vec![tables::ranking(&self.conversation, &self.message, &self.calibration)],
            place: Place::Summary,
        }
    }

    /// Where a simpler score is better, the report says so.
    fn wins(&self) -> Option<String> {
        let winner = |baseline: &&Baseline| !baseline.wins.is_empty();
        let won = |baseline: &Baseline| {
            format!("{} in {}", notes::baseline(baseline.name), baseline.wins.join(", "))
        };
        let winners: Vec<String> = self.baselines.iter().filter(winner).map(won).collect();
        let sentence = "On these conversations a simpler score is better than the conversation's risk:";
        (!winners.is_empty()).then(|| format!("{sentence} {}.", winners.join("; ")))
    }

    fn early(&self) -> Section {
        Section {
            title: "Early detection".to_owned(),
            notes: notes::early(),
            plots: vec![Figure::Plot(plots::messages_to_alert(&self.early))],
            tables: vec![tables::early(&self.early, &self.conversation.alerts)],
            place: Place::Summary,
        }
    }

    fn authors(&self) -> Option<Section> {
        let table = tables::authors(self.author.as_ref()?);
        Some(Section { place: Place::Summary, ..section("Authors", notes::authors(), vec![table]) })
    }

    fn false_alarms(&self) -> Section {
        Section {
            plots: vec![
                Figure::Forest(plots::by_source(&self.by_source)),
                Figure::Plot(plots::by_length(&self.by_length)),
            ],
            ..section(
                "False alarms",
                notes::false_alarms(),
                vec![
                    tables::rarity(&self.conversation),
                    tables::sources(&self.by_source),
                    tables::originals(&self.by_source),
                    tables::slices(&self.by_slice),
                    tables::lengths(&self.by_length),
                    tables::flicker(&self.flicker),
                ],
            )
        }
    }

    fn calibration(&self) -> Section {
        let (conversation, message) = (&self.calibration.conversation, &self.calibration.message);
        Section {
            plots: vec![
                Figure::Plot(plots::reliability("Reliability of a conversation's risk", conversation)),
                Figure::Plot(plots::reliability("Reliability of a message's risk", message)),
            ],
            ..section("Calibration", notes::calibration(), vec![tables::calibration(&self.calibration)])
        }
    }

    fn robustness(&self) -> Option<Section> {
        let robustness = self.robustness.as_ref()?;
        Some(section("Robustness", notes::robustness(robustness), vec![tables::robustness(robustness)]))
    }

    fn probes(&self) -> Section {
        let changed = self.robustness.as_ref().map(tables::probes);
        let tables = std::iter::once(tables::shortcuts(&self.shortcuts)).chain(changed);
        section("Probes", notes::probes(), tables.collect())
    }

    fn cascade(&self) -> Option<Section> {
        Some(section(
            "First stage of the cascade",
            notes::cascade(),
            vec![tables::cascade(self.cascade.as_ref()?)],
        ))
    }
}

/// A section of the page alone, without a plot.
fn section(title: &str, notes: Vec<String>, tables: Vec<Table>) -> Section {
    Section { title: title.to_owned(), notes, plots: Vec::new(), tables, place: Place::Page }
}

impl Report for GroomingReport {
    fn title(&self) -> &'static str {
        "Grooming risk"
    }

    fn notes(&self) -> Vec<String> {
        notes::report()
    }

    fn sections(&self) -> Vec<Section> {
        let baselines = tables::baselines(&self.conversation.ranked, &self.baselines);
        let signals = tables::signals(&self.by_signal);
        let mut sections = vec![self.overview(), self.early()];
        sections.extend(self.authors());
        sections.push(section("Baselines", notes::baselines(), vec![baselines]));
        sections.extend([self.false_alarms(), self.calibration()]);
        sections.push(section("Signals", notes::signals(), vec![signals]));
        sections.extend(self.robustness());
        sections.push(self.probes());
        sections.extend(self.cascade());
        sections.push(section(
            "Latency of the stages",
            notes::latency(),
            vec![tables::latency(&self.latency_us)],
        ));
        sections
    }

    fn provenance(&self) -> &Provenance {
        &self.provenance
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::record::Records;
    use super::super::record::testing::{mixed, records};
    use super::super::reservoir::Reservoir;
    use super::super::tally::AuthorTruth;
    use super::super::testing::bundle;
    use super::*;

    fn report(records: Records) -> GroomingReport {
        let mut tally = Tally::new(bundle().manifest, AuthorTruth::Unknown, Reservoir::new(0, 1)).unwrap();
        tally.records = records;
        GroomingReport::new(&tally, Provenance::new(1, Vec::new(), Vec::new(), Vec::new()))
    }

    #[test]
    fn keys_that_others_rely_on_stay() {
        let json = serde_json::to_value(report(mixed())).unwrap();
        for key in [
            "/conversation/n_pos",
            "/conversation/n_neg",
            "/conversation/pr_auc",
            "/conversation/roc_auc",
            "/conversation/recall",
            "/conversation/fpr",
            "/conversation/recall_at_fpr/0.01",
            "/conversation/recall_at_fpr/0.001",
            "/conversation/recall_at_fpr_interval/0.01",
            "/conversation/projected_precision_interval/0.00001",
            "/message/pr_auc",
            "/message/fpr",
            "/calibration/ece",
            "/calibration/message/ece",
            "/early/median_latency",
            "/early/f_latency",
            "/early/p",
            "/early/sliding_window/median_latency",
            "/by_source/0/fpr_interval/high",
            "/early/n_approach",
            "/shortcuts/source_only",
            "/latency_us/infer/p99",
        ] {
            assert!(json.pointer(key).is_some(), "{key}");
        }
        assert_eq!(json.pointer("/conversation/recall_at_fpr/0.01"), Some(&Value::Null));
    }

    #[test]
    fn a_baseline_that_wins_is_said_to() {
        assert_eq!(report(mixed()).overview().notes, [""; 0]);
        // The highest message risk is the opposite of the risk in these records, and here the risk is wrong.
        let notes = report(records(&[(true, 0.2, 0), (false, 0.8, 0)])).overview().notes;
        assert!(notes[0].contains("highest message risk in ROC-AUC, PR-AUC"), "{notes:?}");
    }

    #[test]
    fn the_page_says_what_its_figures_are_not() {
        let notes = report(mixed()).notes().join(" ");
        assert!(notes.contains("never proof") && notes.contains("say nothing of recall in the real world"));
    }

    #[test]
    fn without_any_conversation_of_a_class_there_is_still_a_report() {
        let report = report(records(&[(false, 0.2, 0)]));
        let sections = report.sections();
        let titles: Vec<_> = sections.iter().map(|section| section.title.as_str()).collect();
        let expected = [
            "Conversations",
            "Early detection",
            "Baselines",
            "False alarms",
            "Calibration",
            "Signals",
            "Probes",
            "First stage of the cascade",
            "Latency of the stages",
        ];
        assert_eq!(titles, expected);
        for table in sections.iter().flat_map(|section| &section.tables) {
            assert!(table.rows.iter().all(|row| row.len() == table.header.len()), "{}", table.title);
        }
    }
}
