//! From what was kept to figures, pure. The unit of each is said beside it; what is undefined is None.

mod alerts;
mod authors;
mod baselines;
mod calibration;
mod cascade;
mod conversations;
mod curve;
mod early;
mod flicker;
mod length;
mod messages;
mod parts;
mod pieces;
mod projection;
mod robustness;
mod shortcuts;
mod times;

pub(crate) use alerts::Alerts;
pub(crate) use authors::AuthorFigures;
pub(crate) use baselines::{Baseline, baselines};
pub(crate) use calibration::{Calibrated, Calibration};
pub(crate) use cascade::{Cascade, Change, Share};
pub(crate) use conversations::{Conversations, Ranked};
pub(crate) use curve::CurvePoint;
pub(crate) use early::{AlertedBy, Early, Latencies};
pub(crate) use flicker::{Flicker, Flickering};
pub(crate) use length::{LengthBin, by_length};
pub(crate) use messages::{Messages, SignalFigures, by_signal};
pub(crate) use parts::{Slice, Source, by_slice, by_source};
pub(crate) use projection::PREVALENCES;
pub(crate) use robustness::{Perturbed, Robustness};
pub(crate) use shortcuts::Shortcuts;
pub(crate) use times::{Latency, StageLatencies, StageTimes};

/// Groups of fewer conversations say too little for a figure of their own; only their interval means anything.
pub(crate) const LEAST_GROUP: usize = 30;

/// False-positive rates at which recall is reported, as JSON keys and as numbers.
pub(crate) const LIMITS: [(&str, f64); 2] = [("0.01", 0.01), ("0.001", 0.001)];
