//! The figures, as pure functions of plain numbers. Knows no model, no file and no report.
//!
//! A figure that is not defined (a share of nothing, a curve with one class) is `None`, never 0.

mod calibration;
mod early;
mod error;
mod proportion;
mod ranking;

pub(crate) use calibration::expected_calibration_error;
pub(crate) use early::{ESPD_STEEPNESS, f_latency, median};
pub(crate) use error::Errors;
pub(crate) use proportion::{Proportion, Range};
pub(crate) use ranking::{Ranking, Scored};
