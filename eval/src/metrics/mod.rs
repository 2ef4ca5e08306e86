//! The figures, as pure functions of plain numbers. Knows no model, no file and no report.
//!
//! A figure that is not defined (a share of nothing, a curve with one class) is `None`, never 0.

mod bootstrap;
mod calibration;
mod counts;
mod early;
mod error;
mod histogram;
mod paired;
mod proportion;
mod quantile;
mod ranking;

pub(crate) use bootstrap::{Bootstrap, ClusterSum};
pub(crate) use calibration::{Reliability, ReliabilityBin};
pub(crate) use counts::Counts;
pub(crate) use early::{Decision, ERISK_STEEPNESS, ESPD_STEEPNESS, erde, f_latency};
pub(crate) use error::Errors;
pub(crate) use histogram::ScoreHistogram;
pub(crate) use paired::Paired;
pub(crate) use proportion::{Proportion, Range};
pub(crate) use quantile::{quantile, skewness_of_scores};
pub(crate) use ranking::{OperatingPoint, Ranking, Scored};

/// Half the width, in standard errors, of a 95 % interval of the normal law.
const NORMAL_95: f64 = 1.959_963_984_540_054;
