//! The same photos made worse, through the served stages again: on a drawn sample, with every worker's own stages.

use std::path::Path;

use anyhow::Result;
use models::age::{ImageLimits, Photo as Pixels};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::figures::{MINORS, Pair};
use super::perturb::{Perturbation, Subject, noise_seed};
use super::policies::Policies;
use super::sample::Outcome;
use super::stages::{Looked, Stages};
use crate::dataset::Photo;

/// At most one in so many of the drawn photos shows a 13- to 17-year-old on purpose; further ones are as likely as others.
const MINORS_ONE_IN: usize = 4;

/// What is perturbed was accepted; a tilted photo fills a larger frame, and that is no fault of the photo.
pub(crate) const LIMITS: ImageLimits = ImageLimits { max_pixels: u64::MAX };

/// Draws `count` photos, in the order of the manifest: up to a quarter of 13- to 17-year-olds, whom chance would miss,
/// and the others at random.
pub(crate) fn draw(photos: &[Photo], count: usize, seed: u64) -> Vec<Photo> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let (minors, others): (Vec<usize>, Vec<usize>) =
        (0..photos.len()).partition(|place| MINORS.contains(&photos[*place].age));
    let of_minors = minors.len().min(count.div_ceil(MINORS_ONE_IN)).max(count.saturating_sub(others.len()));
    let of_minors = of_minors.min(minors.len());
    let of_others = others.len().min(count - of_minors);
    let minors = pick(minors, of_minors, &mut random);
    let mut drawn = [minors, pick(others, of_others, &mut random)].concat();
    drawn.sort_unstable();
    drawn.into_iter().map(|place| photos[place].clone()).collect()
}

/// So many of `places` at random: the first steps of a shuffle (Fisher and Yates, 1938).
fn pick(mut places: Vec<usize>, amount: usize, random: &mut Pcg64Mcg) -> Vec<usize> {
    for at in 0..amount {
        let chosen = random.random_range(at..places.len());
        places.swap(at, chosen);
    }
    places.truncate(amount);
    places
}

/// Looks at a photo as it is and with every perturbation. `None`: it cannot be read, or would be refused, as it is.
///
/// What was perturbed may be as long as it likes: it is written without loss, as no user would send it.
///
/// # Errors
/// When a model or an encoder fails, which is no fault of the photo.
pub(crate) fn look_at_perturbed(
    stages: &mut Stages,
    photo: Photo,
    images: &Path,
    (policies, seed): (&Policies, u64),
) -> Result<Option<Pair>> {
    let Ok(bytes) = std::fs::read(images.join(&photo.file)) else { return Ok(None) };
    if !policies.fits_a_message(&bytes) {
        return Ok(None);
    }
    let Ok(pixels) = Pixels::decode(&bytes, policies.limits()) else { return Ok(None) };
    let whole = stages.look_at(bytes, policies)?;
    let subject = Subject::new(&pixels, whole.bounds, noise_seed(seed, &photo.file))?;
    let mut after = [None; Perturbation::ALL.len()];
    for (after, perturbation) in after.iter_mut().zip(Perturbation::ALL) {
        *after = estimate(&stages.look_at(perturbation.apply(&subject)?, policies)?);
    }
    Ok(Some(Pair { age: photo.age, subject: photo.subject, before: estimate(&whole), after }))
}

fn estimate(looked: &Looked) -> Option<f32> {
    match &looked.outcome {
        Outcome::Answered(answer) => Some(answer.age_years),
        Outcome::Unanswered(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `minors` of 15 and then `adults` of 40.
    fn photos(minors: usize, adults: usize) -> Vec<Photo> {
        let photo = |place: usize| Photo {
            file: format!("{place}.jpg").into(),
            age: if place < minors { 15.0 } else { 40.0 },
            subject: None,
            split: None,
            groups: Vec::new(),
        };
        (0..minors + adults).map(photo).collect()
    }

    fn minors_of(drawn: &[Photo]) -> usize {
        drawn.iter().filter(|photo| photo.age < 18.0).count()
    }

    #[test]
    fn minors_are_among_the_drawn() {
        let drawn = draw(&photos(10, 990), 20, 1);
        assert_eq!((drawn.len(), minors_of(&drawn)), (20, 5));
        assert_eq!(minors_of(&draw(&photos(3, 990), 20, 1)), 3);
        assert_eq!(minors_of(&draw(&photos(0, 990), 20, 1)), 0);
    }

    #[test]
    fn the_seed_decides_and_none_is_drawn_twice() {
        let files = |seed| -> Vec<_> {
            draw(&photos(50, 50), 40, seed).into_iter().map(|photo| photo.file).collect()
        };
        assert_eq!(files(1), files(1));
        assert_ne!(files(1), files(2));
        let mut once = files(1);
        once.sort();
        once.dedup();
        assert_eq!(once.len(), 40);
    }

    #[test]
    fn all_are_drawn_where_there_are_no_more() {
        assert_eq!(draw(&photos(5, 5), 500, 1).len(), 10);
        assert_eq!((draw(&photos(8, 2), 6, 1).len(), draw(&photos(8, 2), 0, 1).len()), (6, 0));
    }
}
