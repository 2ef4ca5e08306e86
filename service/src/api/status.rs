//! The one table from errors to gRPC statuses, with the details that programs read.
//!
//! Details follow google.rpc: `ErrorInfo.reason` always, `BadRequest` with the field for a caller's fault, `RetryInfo`
//! and `grpc-retry-pushback-ms` (gRFC A6) when trying again helps.

use std::collections::HashMap;
use std::time::Duration;

use tonic::metadata::MetadataValue;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::Error;
use crate::error::RequestFault;

/// `ErrorInfo.domain` of every error.
const DOMAIN: &str = "ward";

/// When a caller may try again who came before the models were loaded.
const START_TAKES: Duration = Duration::from_millis(100);

/// The code, and the reason as a stable key.
pub(crate) fn code_and_reason(error: &Error) -> (Code, &'static str) {
    match error {
        Error::Input { source, .. } => (Code::InvalidArgument, source.reason()),
        Error::Request { source, .. } => (Code::InvalidArgument, source.reason()),
        Error::Overloaded { .. } => (Code::ResourceExhausted, "OVERLOADED"),
        Error::DeadlineExceeded => (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
        Error::Starting => (Code::Unavailable, "STARTING"),
        Error::Draining => (Code::Unavailable, "DRAINING"),
        Error::Internal => (Code::Internal, "INTERNAL"),
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let (code, reason) = code_and_reason(&error);
        let mut details = ErrorDetails::new();
        details.set_error_info(reason, DOMAIN, HashMap::new());
        if let Error::Input { field, .. } | Error::Request { field, .. } = &error {
            details.add_bad_request_violation(field, error.to_string());
        }
        let retry_after = match &error {
            Error::Overloaded { retry_after } => Some(*retry_after),
            Error::Starting => Some(START_TAKES),
            _ => None,
        };
        details.set_retry_info(retry_after);
        let mut status = Self::with_error_details(code, error.to_string(), details);
        if let Some(retry_after) = retry_after {
            let pushback = MetadataValue::from(retry_after.as_millis() as u64);
            status.metadata_mut().insert("grpc-retry-pushback-ms", pushback);
        }
        status
    }
}

/// What tonic says before a handler of ours is reached, in our words: it calls an oversized message OUT_OF_RANGE, and
/// bytes that are no protobuf INTERNAL. Ours always carry details, by which they are told apart.
pub(crate) fn in_our_words(status: Status, max_message_bytes: usize) -> Status {
    let fault = match status.code() {
        Code::OutOfRange => RequestFault::MessageTooLarge { limit: max_message_bytes },
        Code::Internal if status.details().is_empty() => RequestFault::Malformed,
        _ => return status,
    };
    Error::request("message", fault).into()
}
