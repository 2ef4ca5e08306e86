//! Photos that look alike, from their hashes: pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::look::Hash;
use super::neighbours;

/// Ages of one picture that differ by more say that one of them is wrong, years.
const AGES_DIFFER: f64 = 2.0;

/// A photo with its look.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Look {
    pub(super) hash: Hash,
    pub(super) split: Option<Arc<str>>,
    /// Years, where known.
    pub(super) age: Option<f64>,
}

/// What a photo has in common with others. Places are those in the list of all looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Likeness {
    /// The first of the same split that looks alike, if it comes before.
    pub(super) before: Option<usize>,
    /// The first of another split that looks alike, if it comes before.
    pub(super) other_split: Option<usize>,
    /// The one that looks alike and whose age is the farthest off, if it is off by more than 2 years.
    pub(super) other_age: Option<usize>,
}

/// Photos of one hash and one split.
#[derive(Debug, Clone, Copy)]
struct Part {
    first: usize,
    youngest: Option<Aged>,
    oldest: Option<Aged>,
}

#[derive(Debug, Clone, Copy)]
struct Aged {
    years: f64,
    place: usize,
}

/// Those of one hash. Many photos may share one, such as black ones, so that nothing is done for each two photos.
type Parts<'a> = BTreeMap<Option<&'a Arc<str>>, Part>;

/// What each photo has in common with those whose hashes are near: `distance` counts bits of the coarse ones.
pub(super) fn likenesses(looks: &[Look], distance: u32) -> impl Iterator<Item = Likeness> {
    let mut by_hash: BTreeMap<Hash, Parts<'_>> = BTreeMap::new();
    for (place, look) in looks.iter().enumerate() {
        let parts = by_hash.entry(look.hash).or_default();
        parts.entry(look.split.as_ref()).or_insert_with(|| Part::begin(place)).add(place, look.age);
    }
    let hashes: Vec<Hash> = by_hash.keys().copied().collect();
    let coarse: Vec<u64> = hashes.iter().map(|hash| hash.coarse).collect();
    let alike = |a, b| hashes[a as usize].is_near(&hashes[b as usize], distance);
    let mut near: Vec<Vec<u32>> = (0..).take(hashes.len()).map(|own| vec![own]).collect();
    for (a, b) in neighbours::pairs(&coarse, distance, alike) {
        near[a as usize].push(b);
        near[b as usize].push(a);
    }
    let parts: Vec<Parts<'_>> = by_hash.into_values().collect();
    looks.iter().enumerate().map(move |(place, look)| {
        let own = hashes.binary_search(&look.hash).unwrap_or_default();
        let mut likeness = Likeness::default();
        for (split, part) in near[own].iter().flat_map(|&hash| &parts[hash as usize]) {
            let first =
                if *split == look.split.as_ref() { &mut likeness.before } else { &mut likeness.other_split };
            *first = first.iter().copied().chain([part.first]).filter(|&first| first < place).min();
        }
        likeness.other_age = farthest(look, near[own].iter().flat_map(|&hash| parts[hash as usize].values()));
        likeness
    })
}

fn farthest<'a>(look: &Look, alike: impl Iterator<Item = &'a Part>) -> Option<usize> {
    let age = look.age?;
    let extremes = alike.flat_map(|part| [part.youngest, part.oldest]).flatten();
    let off =
        extremes.map(|other| ((other.years - age).abs(), other.place)).filter(|(off, _)| *off > AGES_DIFFER);
    off.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, place)| place)
}

impl Part {
    fn begin(first: usize) -> Self {
        Self { first, youngest: None, oldest: None }
    }

    fn add(&mut self, place: usize, age: Option<f64>) {
        let Some(years) = age else { return };
        if self.youngest.is_none_or(|youngest| years < youngest.years) {
            self.youngest = Some(Aged { years, place });
        }
        if self.oldest.is_none_or(|oldest| years > oldest.years) {
            self.oldest = Some(Aged { years, place });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(coarse: u64, split: &str, age: f64) -> Look {
        Look { hash: Hash { coarse, fine: [0; 4] }, split: Some(split.into()), age: Some(age) }
    }

    fn found(looks: &[Look]) -> Vec<(Option<usize>, Option<usize>, Option<usize>)> {
        likenesses(looks, 4).map(|found| (found.before, found.other_split, found.other_age)).collect()
    }

    #[test]
    fn the_first_before_is_named_in_each_split() {
        let looks = [
            look(0, "train", 20.0),
            look(0b1111, "train", 22.0),
            look(u64::MAX, "train", 20.0),
            look(0, "val", 20.0),
            look(0b11, "val", 20.0),
        ];
        let none = (None, None, None);
        let expected = [none, (Some(0), None, None), none, (None, Some(0), None), (Some(3), Some(0), None)];
        assert_eq!(found(&looks), expected);
    }

    #[test]
    fn likeness_is_no_chain() {
        // The second lies 4 from both, which lie 8 from each other.
        let looks = [look(0, "a", 1.0), look(0x0f, "a", 1.0), look(0xff, "a", 1.0)];
        assert_eq!(found(&looks), [(None, None, None), (Some(0), None, None), (Some(1), None, None)]);
    }

    #[test]
    fn ages_of_one_picture_must_agree() {
        let mut looks = vec![look(0, "a", 20.0), look(1, "a", 22.0), look(3, "b", 30.0)];
        let ages: Vec<_> = found(&looks).into_iter().map(|found| found.2).collect();
        assert_eq!(ages, [Some(2), Some(2), Some(0)]);
        looks[2].age = None;
        assert!(found(&looks).iter().all(|found| found.2.is_none()));
    }

    #[test]
    fn many_of_one_hash_take_no_longer_for_each() {
        let looks: Vec<_> = (0..200_000).map(|_| look(0, "a", 20.0)).collect();
        assert!(likenesses(&looks, 4).skip(1).all(|found| found.before == Some(0)));
    }
}
