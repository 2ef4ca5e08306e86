//! What an age network's answer means: a row of numbers becomes a distribution over whole years.
//!
//! Our own network gives one logit for each year. Others give the age itself, or a share for each of a few bins of
//! years, alone or beside things that nobody asked for (sex, say): the manifest's `[output]` says which.

use serde::Deserialize;

use super::manifest::Rule;
use crate::{InferenceError, softmax_with_temperature};

/// The oldest age that a distribution reaches, years, unless bins say otherwise.
const OLDEST: u16 = 100;

/// Which of the model's outputs is read, and how. All other outputs are left alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputSpec {
    /// The output's name; its shape is [n, columns].
    pub name: String,
    /// The first column that is read.
    pub first_column: usize,
    /// What the columns from there on mean.
    pub reads: Reads,
}

/// What the columns mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
pub enum Reads {
    /// A logit for each bin.
    Logits {
        /// First and last whole year of each bin. Empty: a bin for each year from 0 to 100.
        #[serde(default)]
        bins: Vec<[u16; 2]>,
    },
    /// A probability for each bin; they need not sum to 1.
    Probabilities {
        /// As for logits.
        #[serde(default)]
        bins: Vec<[u16; 2]>,
    },
    /// One number: the age itself. The distribution is a normal one around it.
    Years {
        /// Years that one unit of the number stands for: 1 for years, 100 for shares of a century.
        unit_years: f32,
        /// The distribution's standard deviation, years: to be measured, since the model does not tell it.
        spread_years: f32,
    },
}

impl Default for OutputSpec {
    fn default() -> Self {
        Self { name: "logits".to_owned(), first_column: 0, reads: Reads::Logits { bins: Vec::new() } }
    }
}

impl OutputSpec {
    /// Probabilities of the ages 0, 1, 2, …, which sum to 1, from one row of the output.
    ///
    /// # Errors
    /// [`InferenceError`] when the row is too short or holds something that is not a number.
    pub(super) fn distribution(&self, row: &[f32], temperature: f32) -> Result<Vec<f32>, InferenceError> {
        let wanted = self.first_column + self.reads.columns();
        let read = row.get(self.first_column..wanted);
        let read = read.ok_or(InferenceError::Columns { expected: wanted, found: row.len() })?;
        if read.iter().any(|value| !value.is_finite()) {
            return Err(InferenceError::NotFinite);
        }
        Ok(match &self.reads {
            Reads::Logits { bins } => spread(bins, softmax_with_temperature(read, temperature)),
            Reads::Probabilities { bins } => {
                let logits: Vec<f32> = read.iter().map(|share| share.max(f32::MIN_POSITIVE).ln()).collect();
                spread(bins, softmax_with_temperature(&logits, temperature))
            }
            Reads::Years { unit_years, spread_years } => {
                let age = (read[0] * unit_years).clamp(0.0, f32::from(OLDEST));
                let away = |year: u16| (f32::from(year) - age) / spread_years;
                let logits: Vec<f32> = (0..=OLDEST).map(|year| -0.5 * away(year).powi(2)).collect();
                softmax_with_temperature(&logits, temperature)
            }
        })
    }

    /// What the manifest's numbers must satisfy.
    pub(super) fn rules(&self) -> Vec<Rule> {
        match &self.reads {
            Reads::Logits { bins } | Reads::Probabilities { bins } => {
                vec![(
                    ordered(bins),
                    "output.reads.bins",
                    "bins [first, last] of whole years up to 150, in order and apart",
                )]
            }
            Reads::Years { unit_years, spread_years } => vec![
                (unit_years.is_finite() && *unit_years > 0.0, "output.reads.unit_years", "a number above 0"),
                ((0.5..=50.0).contains(spread_years), "output.reads.spread_years", "between 0.5 and 50"),
            ],
        }
    }
}

impl Reads {
    /// Columns that are read.
    fn columns(&self) -> usize {
        match self {
            Self::Logits { bins } | Self::Probabilities { bins } if bins.is_empty() => {
                usize::from(OLDEST) + 1
            }
            Self::Logits { bins } | Self::Probabilities { bins } => bins.len(),
            Self::Years { .. } => 1,
        }
    }
}

/// The share of each bin, spread evenly over its years; no bins stand for a bin a year.
fn spread(bins: &[[u16; 2]], shares: Vec<f32>) -> Vec<f32> {
    let Some(&[_, oldest]) = bins.last() else {
        return shares;
    };
    let mut years = vec![0.0; usize::from(oldest) + 1];
    for (&[first, last], share) in bins.iter().zip(shares) {
        let each = share / f32::from(last - first + 1);
        years[usize::from(first)..=usize::from(last)].fill(each);
    }
    years
}

fn ordered(bins: &[[u16; 2]]) -> bool {
    let inside = bins.iter().all(|[first, last]| first <= last && *last <= 150);
    inside && bins.windows(2).all(|pair| pair[0][1] < pair[1][0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(years: &[f32]) -> f32 {
        (0_u16..).zip(years).map(|(year, share)| f32::from(year) * share).sum()
    }

    fn reading(first_column: usize, reads: Reads) -> OutputSpec {
        OutputSpec { first_column, reads, ..OutputSpec::default() }
    }

    #[test]
    fn an_age_becomes_a_normal_distribution() {
        let spec = reading(2, Reads::Years { unit_years: 100.0, spread_years: 4.0 });
        let years = spec.distribution(&[9.0, 9.0, 0.3], 1.0).unwrap();
        assert!((mean(&years) - 30.0).abs() < 1e-3 && (years.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        // The density at one standard deviation is e^-½ of the peak's.
        assert!((years[34] / years[30] - (-0.5_f32).exp()).abs() < 1e-5);
        let below: f32 = spec.distribution(&[0.0, 0.0, -1.0], 1.0).unwrap()[..20].iter().sum();
        assert!(below > 0.99);
    }

    #[test]
    fn a_bin_is_spread_over_its_years() {
        let bins = vec![[0, 2], [4, 6], [8, 13]];
        let years = reading(0, Reads::Probabilities { bins: bins.clone() })
            .distribution(&[0.5, 0.2, 0.3], 1.0)
            .unwrap();
        assert_eq!((years.len(), years[3], years[7]), (14, 0.0, 0.0));
        assert!((years[0] - 0.5 / 3.0).abs() < 1e-6 && (years[13] - 0.05).abs() < 1e-6);
        let logits = [0.5_f32, 0.2, 0.3].map(|share| share.ln() + 2.0);
        let same = reading(0, Reads::Logits { bins }).distribution(&logits, 1.0).unwrap();
        assert!(years.iter().zip(&same).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn a_row_too_short_and_no_number_are_told() {
        let spec = OutputSpec::default();
        let short = spec.distribution(&[0.0; 8], 1.0).unwrap_err();
        assert!(matches!(short, InferenceError::Columns { expected: 101, found: 8 }));
        assert!(matches!(spec.distribution(&[f32::NAN; 101], 1.0), Err(InferenceError::NotFinite)));
    }

    #[test]
    fn bins_that_overlap_are_refused() {
        let kept =
            |bins: Vec<[u16; 2]>| reading(0, Reads::Logits { bins }).rules().iter().all(|(kept, ..)| *kept);
        assert!(kept(vec![]) && kept(vec![[0, 12], [13, 17], [18, 100]]));
        assert!(!kept(vec![[0, 13], [13, 17]]) && !kept(vec![[5, 3]]) && !kept(vec![[0, 400]]));
    }
}
