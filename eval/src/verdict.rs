//! What the exit code says. It always equals the verdict that is printed.

use std::fmt;
use std::process::ExitCode;

use serde::{Serialize, Serializer};

/// The exit code after Ctrl-C, as shells have it: 128 and the number of the signal.
pub(crate) const INTERRUPTED: u8 = 130;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It ran, and every gate holds.
    Pass,
    /// A gate does not hold.
    Failed,
    /// There is no result: the data, the arguments or the installation are at fault.
    BadData,
    /// No gate failed, but the data are too few to tell for at least one.
    Inconclusive,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Failed => "failed",
            Self::BadData => "bad data",
            Self::Inconclusive => "inconclusive",
        }
    }
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        Self::from(match verdict {
            Verdict::Pass => 0,
            Verdict::Failed => 1,
            Verdict::BadData => 2,
            Verdict::Inconclusive => 3,
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
