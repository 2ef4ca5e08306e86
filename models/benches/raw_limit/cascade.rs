//! Messages a second through both stages of the cascade, from text to score, each in the context of the lines before it.

use std::path::Path;

use models::grooming::{
    GroomingManifest, IndexSlot, MessageInput, MessageScorer, Prepare, Prepared, Screening, TextLimits, Turn,
    messages_in_context,
};
use models::{Bundle, Stage as _};
use serde_json::json;

use crate::{ONE, bundle, usual_seconds};

/// Messages prepared and scored at a time.
const BATCH: usize = 256;
/// Times that all of the texts are gone through.
const ROUNDS: usize = 5;

/// The lines of `texts` as one long conversation of two, with the first stage and without it.
pub(crate) fn measure(texts: &Path) {
    let file = std::fs::read_to_string(texts).unwrap();
    let turn =
        |(place, text): (usize, &str)| Turn { author: ["a", "b"][place % 2].into(), text: text.into() };
    let turns: Vec<Turn> = file.lines().enumerate().map(turn).collect();
    let bundle = Bundle::<GroomingManifest>::open(&bundle("grooming")).unwrap();
    let messages = messages_in_context(&turns, bundle.manifest.context_turns());
    let rate = |screening| {
        let mut pipeline = Pipeline::open(&bundle, screening);
        let mut passed = 0;
        let seconds =
            usual_seconds(ROUNDS, || passed = messages.chunks(BATCH).map(|batch| pipeline.run(batch)).sum());
        (messages.len() as f64 / seconds, passed as f64 / messages.len() as f64)
    };
    let ((with, passed), (without, _)) = (rate(Screening::On), rate(Screening::Off));
    eprintln!("with the first stage: {with:6.0} messages/s, {:.1} % read by the model", 100.0 * passed);
    eprintln!("     without it     : {without:6.0} messages/s");
    let line =
        json!({ "messages": messages.len(), "cascade": with, "passed": passed, "model_alone": without });
    println!("{line}");
}

struct Pipeline {
    prepare: Prepare,
    scorer: MessageScorer,
}

impl Pipeline {
    fn open(bundle: &Bundle<GroomingManifest>, screening: Screening) -> Self {
        Self {
            prepare: Prepare::open(bundle, TextLimits { max_text_bytes: 1 << 14 }, screening).unwrap(),
            scorer: MessageScorer::open(bundle, ONE, IndexSlot::default()).unwrap(),
        }
    }

    /// How many of the messages the model read.
    fn run(&mut self, batch: &[MessageInput]) -> usize {
        let prepared = self.prepare.run(batch.to_vec()).unwrap();
        let tokens: Vec<_> = prepared.into_iter().flatten().filter_map(Prepared::tokens).collect();
        self.scorer.run(tokens).unwrap().len()
    }
}
