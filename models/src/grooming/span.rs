//! Which words of a message speak for a signal.

use std::ops::Range;

/// A part of the caller's text, counted in Unicode characters as most languages' strings are. Empty: nothing in particular.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// The first character.
    pub start: u32,
    /// The one after the last.
    pub end: u32,
}

impl Span {
    /// The characters that these bytes of `text` belong to; bytes outside of it count as none.
    pub(crate) fn of(text: &str, bytes: Range<usize>) -> Self {
        let characters = |until: usize| text.get(..until).map_or(0, |before| before.chars().count()) as u32;
        Self { start: characters(bytes.start), end: characters(bytes.end) }
    }

    /// From the first of `spans` to the last; `weights` (one a span) say what each adds to a signal, and the run of spans is
    /// chosen that stands out most over the mean of all.
    pub(crate) fn of_most_weight(spans: &[Self], weights: &[f32]) -> Self {
        let mean = weights.iter().sum::<f32>() / weights.len().max(1) as f32;
        let (mut best, mut best_sum, mut start, mut sum) = (Self::default(), f32::MIN, 0, 0.0);
        for (place, (span, weight)) in spans.iter().zip(weights).enumerate() {
            if sum <= 0.0 {
                (start, sum) = (place, 0.0);
            }
            sum += weight - mean;
            if sum > best_sum {
                (best, best_sum) = (Self { start: spans[start].start, end: span.end }, sum);
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_not_bytes() {
        assert_eq!(Span::of("né 👍 ok", 4..8), Span { start: 3, end: 4 });
        assert_eq!(Span::of("short", 3..99), Span { start: 3, end: 0 });
    }

    #[test]
    fn the_words_that_stand_out_are_named() {
        let spans: Vec<Span> = (0..5).map(|at| Span { start: 10 * at, end: 10 * at + 9 }).collect();
        let found = |weights: [f32; 5]| Span::of_most_weight(&spans, &weights);
        assert_eq!(found([0.0, 3.0, 2.0, 0.0, -1.0]), Span { start: 10, end: 29 });
        assert_eq!(found([1.0; 5]), Span { start: 0, end: 9 });
        assert_eq!(found([-9.0, -9.0, -9.0, -9.0, -1.0]), Span { start: 40, end: 49 });
        assert_eq!(Span::of_most_weight(&[], &[]), Span::default());
    }
}
