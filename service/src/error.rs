//! Why a request has no answer. `api::status` turns each into a gRPC status; nothing else does.

use std::time::Duration;

use models::InputError;

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The caller sent something that the models cannot take.
    #[error("{source}")]
    Input {
        /// The request's field, dotted, as in the .proto file.
        field: String,
        /// What is wrong with it.
        source: InputError,
    },
    /// The caller sent a request that makes no sense.
    #[error("{source}")]
    Request {
        /// The request's field, dotted, as in the .proto file.
        field: String,
        /// What is wrong with it.
        source: RequestFault,
    },
    /// Refused at the door, before any work: there is no room, or the answer would have come too late.
    #[error("the service has more work than it can answer in time: try again in {} ms", retry_after.as_millis())]
    Overloaded {
        /// When there should be time for it.
        retry_after: Duration,
    },
    /// The deadline passed before there was an answer.
    #[error("the deadline passed before there was an answer")]
    DeadlineExceeded,
    /// The models are not loaded yet.
    #[error("the service is starting: try again in a moment")]
    Starting,
    /// The process is about to end.
    #[error("the service is shutting down: ask another instance")]
    Draining,
    /// Our fault. The detail is in the log, never in the answer.
    #[error("internal error")]
    Internal,
}

/// What is wrong with a request, beyond what the models refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// A required field is not set.
    #[error("a required field is missing: set it")]
    Missing,
    /// An enum's number that this version does not know.
    #[error("the enum has no value {0}: use one of the .proto file")]
    UnknownEnum(i32),
    /// A number outside its range.
    #[error("the value must lie between {low} and {high}")]
    OutOfRange {
        /// Least value accepted.
        low: u32,
        /// Greatest value accepted.
        high: u32,
    },
    /// A policy name that the configuration does not hold.
    #[error("no policy of that name is configured: use one of {}", known.join(", "))]
    UnknownPolicy {
        /// The names that are.
        known: Vec<String>,
    },
    /// More elements than accepted.
    #[error("{count} elements were sent and at most {limit} are accepted: split the request")]
    TooMany {
        /// Elements received.
        count: usize,
        /// Most elements accepted.
        limit: usize,
    },
    /// An id that nobody needs that long; ids are kept for as long as a conversation is watched.
    #[error("the id has more than the {limit} bytes accepted: use a shorter one")]
    IdTooLong {
        /// Most bytes accepted.
        limit: usize,
    },
    /// A timestamp that is no time.
    #[error("the timestamp is outside the years 1 to 9999")]
    Timestamp,
    /// Metadata `ward-priority` that is none.
    #[error("the metadata ward-priority must be interactive or bulk")]
    UnknownPriority,
    /// A message over the size limit.
    #[error(
        "the message is larger than the {limit} bytes accepted: send less at once, or scale the photo down"
    )]
    MessageTooLarge {
        /// Most bytes accepted.
        limit: usize,
    },
    /// Bytes that are no protobuf message of the expected type.
    #[error(
        "the bytes are not a message of the expected type: check that client and service use the same .proto files"
    )]
    Malformed,
}

impl RequestFault {
    /// The stable, machine-readable reason, in upper snake case.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Missing => "FIELD_MISSING",
            Self::UnknownEnum(_) => "ENUM_UNKNOWN",
            Self::OutOfRange { .. } => "OUT_OF_RANGE",
            Self::UnknownPolicy { .. } => "POLICY_UNKNOWN",
            Self::TooMany { .. } => "TOO_MANY_ELEMENTS",
            Self::IdTooLong { .. } => "ID_TOO_LONG",
            Self::Timestamp => "TIMESTAMP_INVALID",
            Self::UnknownPriority => "PRIORITY_UNKNOWN",
            Self::MessageTooLarge { .. } => "MESSAGE_TOO_LARGE",
            Self::Malformed => "MESSAGE_MALFORMED",
        }
    }
}

impl Error {
    /// `field` holds something that the models cannot take.
    pub(crate) fn input(field: impl Into<String>, source: InputError) -> Self {
        Self::Input { field: field.into(), source }
    }

    /// `field` makes no sense.
    pub(crate) fn request(field: impl Into<String>, source: RequestFault) -> Self {
        Self::Request { field: field.into(), source }
    }
}
