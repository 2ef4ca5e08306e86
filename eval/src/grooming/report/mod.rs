//! The report on grooming risk.

mod notes;
mod plots;
mod rows;
mod tables;

use serde::Serialize;

use super::figures::{
    AuthorFigures, Baseline, Calibration, Conversations, Early, Flicker, LengthBin, Messages, Robustness,
    SignalFigures, Slice, Source, StageLatencies, baselines, by_length, by_signal, by_slice, by_source,
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
