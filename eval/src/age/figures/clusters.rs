//! What is drawn again for an interval: a person with all their photos, or, where nobody says who is on them, a photo.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::sample::Sample;
use crate::metrics::{Bootstrap, Proportion, Range};

/// To which person each photo belongs.
#[derive(Debug)]
pub(crate) struct Clusters {
    of: Vec<usize>,
    count: usize,
}

impl Clusters {
    /// Of these photos, each with its subject where that is known; a photo of nobody known stands alone.
    pub(crate) fn new<'a>(subjects: impl Iterator<Item = Option<&'a Arc<str>>>) -> Self {
        let (mut known, mut count) = (HashMap::new(), 0);
        let mut fresh = || {
            count += 1;
            count - 1
        };
        let of = subjects
            .map(|subject| match subject {
                Some(subject) => *known.entry(subject).or_insert_with(&mut fresh),
                None => fresh(),
            })
            .collect();
        Self { of, count }
    }

    /// Of these samples.
    pub(crate) fn of_samples(samples: &[&Sample]) -> Self {
        Self::new(samples.iter().map(|sample| sample.photo.subject.as_ref()))
    }

    /// How many.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Whether any holds more than one photo, so that photos are not independent.
    pub(crate) fn are_shared(&self) -> bool {
        self.count < self.of.len()
    }

    /// Intervals of figures that depend on sums over photos alone; `amounts` is what each photo adds.
    pub(crate) fn intervals<const S: usize, const F: usize>(
        &self,
        bootstrap: Bootstrap,
        amounts: impl Iterator<Item = [f64; S]>,
        figures: impl Fn(&[f64; S]) -> [Option<f64>; F],
    ) -> [Option<Range>; F] {
        let mut sums = vec![[0.0; S]; self.count];
        self.of.iter().zip(amounts).for_each(|(&cluster, amounts)| add(&mut sums[cluster], &amounts, 1.0));
        bootstrap.each(self.count, |weights| {
            let mut total = [0.0; S];
            for (sums, &weight) in sums.iter().zip(weights).filter(|(_, weight)| **weight > 0) {
                add(&mut total, sums, f64::from(weight));
            }
            figures(&total)
        })
    }

    /// The intervals of shares of these photos; `counted` is which of the shares count each photo.
    ///
    /// Photos that are independent get the interval `alone`. Where photos share a person the bootstrap tells, but never
    /// less than `alone`: of people with the same share each it makes too little. Nor does it tell where none or all of the
    /// photos count: it knows only what it saw, and would be certain. Then each person counts as one photo.
    pub(crate) fn share_intervals<const N: usize>(
        &self,
        bootstrap: Bootstrap,
        counted: &[[bool; N]],
        alone: impl Fn(Proportion) -> Option<Range>,
    ) -> [Option<Range>; N] {
        let share = |place: usize| Proportion::of(counted, |counted: &[bool; N]| counted[place]);
        if !self.are_shared() {
            return std::array::from_fn(|place| alone(share(place)));
        }
        let mut sums = vec![([0.0; N], 0.0); self.count];
        for (&cluster, counted) in self.of.iter().zip(counted) {
            let (hits, n) = &mut sums[cluster];
            add(hits, &counted.map(|counted| f64::from(u8::from(counted))), 1.0);
            *n += 1.0;
        }
        let drawn = bootstrap.each(self.count, |weights| {
            let (mut hits, mut n) = ([0.0; N], 0.0);
            for ((of_cluster, size), &weight) in sums.iter().zip(weights).filter(|(_, weight)| **weight > 0) {
                add(&mut hits, of_cluster, f64::from(weight));
                n += size * f64::from(weight);
            }
            hits.map(|hits| ratio(hits, n))
        });
        std::array::from_fn(|place| match share(place) {
            Proportion { hits: 0, .. } => alone(Proportion { hits: 0, n: self.count }),
            Proportion { hits, n } if hits == n => alone(Proportion { hits: self.count, n: self.count }),
            share => drawn[place].zip(alone(share)).map(|(drawn, alone)| drawn.spanning(alone)),
        })
    }

    /// Intervals of any figures; `figures` is told how often each photo is drawn, by its place.
    pub(crate) fn resampled<const F: usize>(
        &self,
        bootstrap: Bootstrap,
        figures: impl Fn(&dyn Fn(usize) -> f64) -> [Option<f64>; F],
    ) -> [Option<Range>; F] {
        bootstrap.each(self.count, |weights| figures(&|photo| f64::from(weights[self.of[photo]])))
    }
}

fn add<const S: usize>(total: &mut [f64; S], amounts: &[f64; S], times: f64) {
    total.iter_mut().zip(amounts).for_each(|(total, amount)| *total += times * amount);
}

/// `part` of `whole`; of nothing there is none.
pub(crate) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clusters(subjects: &[Option<&str>]) -> Clusters {
        let subjects: Vec<Option<Arc<str>>> = subjects.iter().map(|name| name.map(Arc::from)).collect();
        Clusters::new(subjects.iter().map(Option::as_ref))
    }

    #[test]
    fn photos_of_one_person_are_one_and_of_nobody_known_are_each_one() {
        let clusters = clusters(&[Some("a"), None, Some("a"), None, Some("b")]);
        assert_eq!((clusters.of.as_slice(), clusters.count()), ([0, 1, 0, 2, 3].as_slice(), 4));
        assert!(clusters.are_shared() && !self::clusters(&[None, None]).are_shared());
    }

    #[test]
    fn the_interval_of_a_share_is_of_people() {
        let bootstrap = Bootstrap { seed: 1 };
        // Of a hundred photos, of ten people who are always judged alike, thirty, none and all count.
        let counted: Vec<[bool; 3]> = (0..100).map(|photo| [photo < 30, false, true]).collect();
        let names: Vec<String> = (0..100).map(|photo| (photo / 10).to_string()).collect();
        let subjects: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
        let of_people = clusters(&subjects).share_intervals(bootstrap, &counted, Proportion::interval);
        let drawn = clusters(&[None; 10]).intervals(
            bootstrap,
            (0..10).map(|person| [f64::from(u8::from(person < 3)), 1.0]),
            |total: &[f64; 2]| [ratio(total[0], total[1])],
        );
        let exact = |hits, n| Proportion { hits, n }.interval();
        assert_eq!(of_people, [drawn[0], exact(0, 10), exact(10, 10)]);
        let of_photos = clusters(&[None; 100]).share_intervals(bootstrap, &counted, Proportion::interval);
        assert_eq!(of_photos, [exact(30, 100), exact(0, 100), exact(100, 100)]);
    }

    #[test]
    fn people_who_are_alike_leave_a_share_unsure() {
        // Of each of two people half of the twenty photos count: every draw is one half.
        let counted: Vec<[bool; 1]> = (0..40).map(|photo| [photo % 2 == 0]).collect();
        let subjects: Vec<Option<&str>> =
            (0..40).map(|photo| Some(if photo < 20 { "a" } else { "b" })).collect();
        let [found] =
            clusters(&subjects).share_intervals(Bootstrap { seed: 1 }, &counted, Proportion::interval);
        assert_eq!(found, Proportion { hits: 20, n: 40 }.interval());
    }

    #[test]
    fn a_person_with_all_their_photos_is_drawn_at_once() {
        // Ten people of ten photos that all say the same: as wide as ten photos, not as a hundred.
        let bootstrap = Bootstrap { seed: 1 };
        let names: Vec<String> = (0..100).map(|photo| (photo / 10).to_string()).collect();
        let subjects: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
        let mean = |total: &[f64; 2]| [ratio(total[0], total[1])];
        let of_people = clusters(&subjects).intervals(
            bootstrap,
            (0..100).map(|photo| [f64::from(photo / 10), 1.0]),
            mean,
        );
        let of_ten = clusters(&[None; 10]).intervals(bootstrap, (0..10).map(|n| [f64::from(n), 1.0]), mean);
        assert_eq!(of_people, of_ten);
        let by_place = clusters(&[None; 10]).resampled(bootstrap, |times| {
            let sum = |value: fn(usize) -> f64| (0..10).map(|photo| times(photo) * value(photo)).sum::<f64>();
            [ratio(sum(|photo| photo as f64), sum(|_| 1.0))]
        });
        assert_eq!(by_place, of_ten);
    }
}
