//! What Ward says on the wire: the generated messages and stubs of `ward/**/*.proto`, and little else.
//!
//! The .proto files are the documentation; every element is commented there.

use tonic::Code;

/// How old does a face look?
pub mod age {
    /// Version 1, package `ward.age.v1`.
    #[allow(missing_docs, unreachable_pub, clippy::all, clippy::too_many_lines)]
    pub mod v1 {
        tonic::include_proto!("ward.age.v1");
    }
}

/// What the answers of every service carry.
pub mod answer {
    /// Version 1, package `ward.answer.v1`.
    #[allow(missing_docs, unreachable_pub, clippy::all)]
    pub mod v1 {
        tonic::include_proto!("ward.answer.v1");
    }
}

/// Does a chat show the pattern of grooming?
pub mod grooming {
    /// Version 1, package `ward.grooming.v1`.
    #[allow(missing_docs, unreachable_pub, clippy::all, clippy::too_many_lines)]
    pub mod v1 {
        tonic::include_proto!("ward.grooming.v1");
    }
}

/// The compiled .proto files, for server reflection.
pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("ward");

/// The name of a code in the gRPC specification.
#[must_use]
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
