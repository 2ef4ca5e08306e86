//! A platform's own examples: messages that a general model does not know, kept as embeddings only.
//!
//! What is like the positive examples and unlike the negative ones raises a message's risk; nothing lowers it. An empty index
//! changes nothing. The text of the examples is not kept, and cannot be read back from the file in any simple way; whoever
//! must exclude it altogether keeps the file as carefully as the text.

mod file;
mod slot;

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

use super::manifest::IndexSettings;
use crate::Identity;

pub use slot::IndexSlot;

/// What some messages mean: embeddings of length 1.
#[derive(Debug, Clone, Default)]
pub struct Meanings {
    /// One after the other.
    values: Vec<f32>,
    width: usize,
}

/// The embeddings of the examples.
#[derive(Debug, Clone)]
pub struct Index {
    positives: Array2<f32>,
    negatives: Array2<f32>,
    identity: Option<Identity>,
}

impl Meanings {
    /// How many messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Adds those of more messages.
    pub fn extend(&mut self, more: Self) {
        self.width = more.width;
        self.values.extend(more.values);
    }
}

impl From<Array2<f32>> for Meanings {
    fn from(rows: Array2<f32>) -> Self {
        Self { width: rows.ncols(), values: rows.into_iter().collect() }
    }
}

impl From<Meanings> for Array2<f32> {
    fn from(meanings: Meanings) -> Self {
        let (rows, width) = (meanings.len(), meanings.width);
        let mut values = meanings.values.into_iter();
        Self::from_shape_simple_fn((rows, width), || values.next().unwrap_or_default())
    }
}

impl Index {
    /// Most examples of both kinds together: each message is compared with all of them.
    pub const MOST_EXAMPLES: usize = 20_000;

    /// One without examples.
    #[must_use]
    pub fn empty() -> Self {
        let none = || Array2::zeros((0, 0));
        Self { positives: none(), negatives: none(), identity: None }
    }

    /// Of examples as [`super::MessageScorer::meanings`] gives them.
    #[must_use]
    pub fn new(positives: Meanings, negatives: Meanings) -> Self {
        Self { positives: positives.into(), negatives: negatives.into(), identity: None }
    }

    /// How many positive and how many negative examples there are.
    #[must_use]
    pub fn examples(&self) -> (usize, usize) {
        (self.positives.nrows(), self.negatives.nrows())
    }

    /// Which index this is, if it was read from a folder.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// What the index adds to the logit of each message's risk, 0 or more; None: it has no positive examples.
    ///
    /// `meanings`: `[messages, width]`. Likeness is the mean cosine of the nearest examples.
    pub(crate) fn lifts(&self, meanings: &ArrayView2<'_, f32>, settings: IndexSettings) -> Option<Vec<f32>> {
        if self.positives.is_empty() {
            return None;
        }
        let like = likeness(meanings, &self.positives, settings.neighbours);
        let unlike = likeness(meanings, &self.negatives, settings.neighbours);
        let lift = |(like, unlike): (f32, f32)| {
            let contrast =
                if like < settings.least { 0.0 } else { (like - unlike - settings.margin).max(0.0) };
            settings.slope * contrast
        };
        Some(like.into_iter().zip(unlike).map(lift).collect())
    }
}

/// For each message the mean cosine of its nearest examples; 0 where there are none.
fn likeness(meanings: &ArrayView2<'_, f32>, examples: &Array2<f32>, neighbours: usize) -> Vec<f32> {
    if examples.is_empty() {
        return vec![0.0; meanings.nrows()];
    }
    let cosines = meanings.dot(&examples.t());
    cosines.axis_iter(Axis(0)).map(|row| mean_of_largest(row, neighbours)).collect()
}

fn mean_of_largest(values: ArrayView1<'_, f32>, count: usize) -> f32 {
    let mut values = values.to_vec();
    let count = count.clamp(1, values.len());
    values.select_nth_unstable_by(count - 1, |left, right| right.total_cmp(left));
    values[..count].iter().sum::<f32>() / count as f32
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    const SETTINGS: IndexSettings = IndexSettings { neighbours: 2, least: 0.5, slope: 10.0, margin: 0.25 };

    #[test]
    fn what_is_like_the_positives_and_unlike_the_negatives_rises() {
        let positives = array![[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]];
        let index = Index::new(positives.into(), array![[0.0, 1.0]].into());
        let lifts = index.lifts(&array![[1.0, 0.0], [0.0, 1.0]].view(), SETTINGS).unwrap();
        // Of the first: mean of 1 and 0.6, less 0, less the margin. The second is more like the negative one.
        assert!((lifts[0] - 5.5).abs() < 1e-5 && lifts[1] == 0.0, "{lifts:?}");
    }

    #[test]
    fn without_positives_there_is_nothing_to_add() {
        let meanings = array![[1.0, 0.0]];
        assert_eq!(Index::empty().lifts(&meanings.view(), SETTINGS), None);
        let negatives_only = Index::new(Meanings::default(), meanings.clone().into());
        assert_eq!(negatives_only.lifts(&meanings.view(), SETTINGS), None);
    }

    #[test]
    fn what_is_hardly_like_the_positives_does_not_rise() {
        let index = Index::new(array![[1.0, 0.0]].into(), array![[-1.0, 0.0]].into());
        assert_eq!(index.lifts(&array![[0.4, 0.9]].view(), SETTINGS), Some(vec![0.0]));
    }

    #[test]
    fn fewer_examples_than_neighbours_are_enough() {
        let index = Index::new(array![[1.0, 0.0]].into(), Meanings::default());
        assert_eq!(index.lifts(&array![[1.0, 0.0]].view(), SETTINGS), Some(vec![7.5]));
    }
}
