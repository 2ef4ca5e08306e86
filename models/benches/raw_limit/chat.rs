//! Messages a second: the model alone, on tensors that lie ready.

use std::path::Path;

use models::grooming::{GroomingManifest, MessageInput, Prepare, Screening, TextLimits, Tokens};
use models::{Bundle, Stage as _};
use serde_json::json;

use crate::session::{Layout, TextModel};
use crate::{bundle, seconds, usual_seconds};

/// Tokens in a run of messages that are laid end to end.
const RUN_TOKENS: [usize; 5] = [32, 64, 96, 128, 192];

/// Messages in a run of rows that are padded: as they come, and by length.
const ROWS_AS_THEY_COME: [usize; 2] = [8, 32];
const ROWS_BY_LENGTH: [usize; 4] = [4, 8, 16, 32];

/// Times that a single message is scored.
const ROUNDS: usize = 101;

/// A way to cut messages into runs.
struct Way<'a> {
    name: String,
    runs: Vec<Vec<&'a Tokens>>,
}

/// Scores each line of `texts` by `model`, Ward's own where there is none, in every way that fits it.
pub(crate) fn measure(texts: &Path, model: Option<&Path>) {
    let (tokens, tokenising) = tokens(texts);
    let file = model.map_or_else(|| bundle("grooming").join("model.onnx"), Path::to_path_buf);
    let mut model = TextModel::open(&file);
    let as_they_come: Vec<&Tokens> = tokens.iter().collect();
    let mut by_length = as_they_come.clone();
    by_length.sort_by_key(|tokens| tokens.len());
    let ways = match model.layout {
        Layout::EndToEnd => ways_end_to_end(&as_they_come, &by_length),
        Layout::Padded => ways_padded(&as_they_come, &by_length),
    };
    let rates: Vec<(String, f64)> = ways.into_iter().map(|way| rate(&mut model, way)).collect();
    let (best, raw_limit) = rates.iter().max_by(|a, b| a.1.total_cmp(&b.1)).cloned().unwrap();
    for (name, rate) in &rates {
        eprintln!("{name:>36}: {rate:6.1} messages/s, {:.3} of the limit", rate / raw_limit);
    }
    let mut alone = |share: f64| {
        let message = by_length[(share * (by_length.len() - 1) as f64).round() as usize];
        let tensors = model.tensors(&[message]);
        (message.len(), 1000.0 * usual_seconds(ROUNDS, || model.run(&tensors)))
    };
    let [(p50_tokens, p50_ms), (p99_tokens, p99_ms)] = [0.50, 0.99].map(&mut alone);
    eprintln!(
        "alone: {p50_ms:.2} ms with the median of {p50_tokens} tokens, {p99_ms:.2} ms with the p99 of {p99_tokens}"
    );
    let mean = by_length.iter().map(|tokens| tokens.len()).sum::<usize>() as f64 / by_length.len() as f64;
    let line = json!({
        "model": file, "messages": tokens.len(), "mean_tokens": mean, "p50_tokens": p50_tokens,
        "p99_tokens": p99_tokens, "tokenise_ms": 1000.0 * tokenising, "raw_limit": raw_limit, "best": best,
        "one_by_one": rates[0].1, "alone_p50_ms": p50_ms, "alone_p99_ms": p99_ms,
    });
    println!("{line}");
}

fn ways_end_to_end<'a>(as_they_come: &[&'a Tokens], by_length: &[&'a Tokens]) -> Vec<Way<'a>> {
    let most = RUN_TOKENS[3];
    let sorted = Way { name: format!("{most} tokens a run, by length"), runs: of_tokens(by_length, most) };
    let as_they_come_in = |most| Way {
        name: format!("{most} tokens a run, as they come"),
        runs: of_tokens(as_they_come, most),
    };
    [one_by_one(as_they_come), sorted].into_iter().chain(RUN_TOKENS.map(as_they_come_in)).collect()
}

fn ways_padded<'a>(as_they_come: &[&'a Tokens], by_length: &[&'a Tokens]) -> Vec<Way<'a>> {
    let way = |order, rows: usize, messages: &[&'a Tokens]| Way {
        name: format!("{rows} rows a run, {order}"),
        runs: messages.chunks(rows).map(<[_]>::to_vec).collect(),
    };
    let unsorted = ROWS_AS_THEY_COME.map(|rows| way("as they come", rows, as_they_come));
    let sorted = ROWS_BY_LENGTH.map(|rows| way("by length", rows, by_length));
    [one_by_one(as_they_come)].into_iter().chain(unsorted).chain(sorted).collect()
}

fn one_by_one<'a>(messages: &[&'a Tokens]) -> Way<'a> {
    Way { name: "one by one".into(), runs: messages.iter().map(|&tokens| vec![tokens]).collect() }
}

/// Runs of at most so many tokens, in order.
fn of_tokens<'a>(messages: &[&'a Tokens], most: usize) -> Vec<Vec<&'a Tokens>> {
    let mut runs: Vec<Vec<&Tokens>> = Vec::new();
    let mut total = most;
    for &tokens in messages {
        total += tokens.len();
        if total > most {
            runs.push(Vec::new());
            total = tokens.len();
        }
        runs.last_mut().unwrap().push(tokens);
    }
    runs
}

fn rate(model: &mut TextModel, way: Way<'_>) -> (String, f64) {
    let messages: usize = way.runs.iter().map(Vec::len).sum();
    let tensors: Vec<_> = way.runs.iter().map(|run| model.tensors(run)).collect();
    model.run(&tensors[0]);
    (way.name, messages as f64 / seconds(|| tensors.iter().for_each(|run| model.run(run))))
}

/// The tokens of each line, and the seconds that a line takes.
fn tokens(texts: &Path) -> (Vec<Tokens>, f64) {
    let input = |text: &str| MessageInput { author: "a".into(), text: text.into(), context: Vec::new() };
    let file = std::fs::read_to_string(texts).unwrap();
    let messages: Vec<MessageInput> = file.lines().map(input).collect();
    let (count, mut prepared) = (messages.len() as f64, Vec::new());
    let bundle = Bundle::<GroomingManifest>::open(&bundle("grooming")).unwrap();
    let mut prepare = Prepare::open(&bundle, TextLimits { max_text_bytes: 1 << 14 }, Screening::Off).unwrap();
    let taken = seconds(|| prepared = prepare.run(messages).unwrap());
    (prepared.into_iter().filter_map(|one| one.unwrap().tokens()).collect(), taken / count)
}
