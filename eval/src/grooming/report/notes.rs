//! What a reader must know, in sentences.

use super::super::figures::Robustness;
use super::super::window;

fn sentences<const N: usize>(sentences: [&str; N]) -> Vec<String> {
    sentences.map(str::to_owned).into()
}

/// Before any figure is believed.
pub(super) fn report() -> Vec<String> {
    sentences([
        "A risk is a reason for a human reviewer to look: triage, and never proof of anything about anybody.",
        "Figures on synthetic conversations, or on conversations with decoys, say nothing of recall in the real world.",
        "The unit is the conversation unless a heading says message or author. A long chat that was cut into pieces counts \
         once for each piece. Its pieces are not independent: where pieces share an original conversation, the intervals of \
         alerts are those of originals, and false alarms are also counted for each original. The intervals of AUCs, of the \
         recall at a given false-positive rate, of alerts per message and of the first stage do not know of originals, and \
         are somewhat too narrow.",
        "A conversation has an alert if its state was ALERT after any of its messages; AUCs, recall at a given \
         false-positive rate and calibration are of its risk after the last one.",
        "A message counts as flagged from a risk of 0.5 on. Messages of negative conversations are negative; those \
         of positive ones count only where the data label them.",
        "Intervals are 95 %: Clopper–Pearson for shares, DeLong for ROC-AUC, Boyd, Eng and Page for PR-AUC, and for \
         shares of messages or of pieces one that takes those of a conversation together (Cochran), for pieces never \
         narrower than Clopper–Pearson. The recall at a given false-positive \
         rate is taken at a threshold found on these very conversations; its interval does not cover that choice.",
        "Groups of fewer than 30 conversations are called insufficient.",
    ])
}

/// On latencies.
pub(super) fn early() -> Vec<String> {
    let window = format!(
        "Sliding window, as in Vogt, Leser and Akbik (ACL 2021): after each message the last {} are judged by themselves, \
         and a warning is raised when at least {} of the last {} windows end in ALERT.",
        window::MESSAGES,
        window::POSITIVE_WINDOWS,
        window::WINDOWS
    );
    let mut notes = sentences([
        "As served: every message is scored once it is there, and the first ALERT stays. Latency is the number of messages \
         read at that point, of positives with an alert.",
        "F-latency is F1 × (1 − median penalty), penalty(k) = −1 + 2 / (1 + e^(−p (k − 1))) at message k (Sadeque, Xu and \
         Bethard, 2018). ERDE is the early risk detection error of Losada and Crestani (2016), with the share of \
         positives as the cost of a false alarm: lower is better.",
    ]);
    notes.insert(1, window);
    notes
}

/// On authors.
pub(super) fn authors() -> Vec<String> {
    sentences([
        "The unit is the author, over all who wrote: one is flagged who was in ALERT themselves in any conversation.",
    ])
}

/// On simpler scores.
pub(super) fn baselines() -> Vec<String> {
    sentences([
        "Each baseline scores the same conversations: the number of different phrases of a short list that occur in it \
         (keywords), its number of messages (length), the highest risk of one of its messages, and the skewness of its \
         message risks, (mean − median) / standard deviation, 0 under ten messages, as in Roblox Sentinel.",
    ])
}

/// What a baseline is called.
pub(super) fn baseline(name: &'static str) -> &'static str {
    match name {
        "keywords" => "keyword list",
        "length" => "length alone",
        "max_message_risk" => "highest message risk",
        "skewness" => "skewness of message risks",
        other => other,
    }
}

/// On alerts about nothing.
pub(super) fn false_alarms() -> Vec<String> {
    sentences([
        "Projected precision: the share of alerts that would be right where so few conversations show the pattern, from the \
         recall as measured here and the false-positive rate; its interval follows from both ends of that rate's interval. \
         Without a false alarm there is no point estimate: the lower end is what these conversations can vouch for.",
        "Alerts per million messages: first alerts in benign conversations, for each million of their messages.",
        "Flicker: a conversation's decision left ALERT after the first alert, or entered it again.",
    ])
}

/// On what a risk means.
pub(super) fn calibration() -> Vec<String> {
    sentences([
        "A calibrated risk of 20 % belongs to the pattern once in five times, where the share of positives is as in \
         these data. It is not so elsewhere: with fewer positives every risk is too high.",
    ])
}

/// On single signals.
pub(super) fn signals() -> Vec<String> {
    sentences([
        "The unit is the message, of those whose signals the data label. Precision and recall are of signals as they fire \
         in the service; AP is of their probability. Intervals are Clopper–Pearson, as if messages were independent.",
    ])
}

/// On spoiled text.
pub(super) fn robustness(robustness: &Robustness) -> Vec<String> {
    let drawn = format!(
        "Drawn at random (seed {}): {} positive and {} negative conversations, at most one piece of each original. The same \
         conversations are judged as they are and spoiled, at the shipped threshold; intervals of changes are paired \
         (Newcombe, method 10).",
        robustness.seed, robustness.n_pos, robustness.n_neg
    );
    let mut notes = vec![drawn];
    notes.extend(sentences([
        "Leet: digits for half of the letters that look alike. Homoglyph: Cyrillic for a third of them. Zero width: an \
         invisible character after a third of the letters. Spacing, repeats, typos: a third of the words. Emoji: after a \
         fifth of the words. Split: messages of four or more words sent as two. Dilution: after each message a harmless one \
         from another benign conversation of the data, written by the other participant.",
    ]));
    notes.extend(
        robustness.skipped.iter().map(|name| {
            format!("{name} is left out: the data hold no other benign conversation to draw from.")
        }),
    );
    notes
}

/// On what a model may go by.
pub(super) fn probes() -> Vec<String> {
    sentences([
        "Shortcuts: how well labels can be guessed from the source or the length alone, and how well the conversation's risk \
         tells the negatives of one source from those of the others. 0.5 is not at all; where hard negatives are a source of \
         their own, theirs is expected to be higher. Sources of fewer than 30 conversations are guessed as one.",
        "Shuffled: the messages in another order. Monologue: only the author with most messages of the pattern, or most \
         messages. Inserted: interleaved at random with another benign conversation of the data.",
    ])
}

/// On the first stage.
pub(super) fn cascade() -> Vec<String> {
    sentences([
        "The figures of this report are of the model that reads every message. Behind the first stage it reads those that \
         pass; all others have risk 0 and no signals (`screen` in ward.toml).",
    ])
}

/// On time.
pub(super) fn latency() -> Vec<String> {
    sentences([
        "Microseconds for a message on one thread, all threads busy. A message counts with the mean of those it was timed \
         with: 16 conversations (prepare), up to 64 messages in their order (infer), its conversation (risk). Waiting, \
         network and batching in the service come on top.",
    ])
}
