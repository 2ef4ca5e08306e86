//! Domain → wire for what the answers of both services carry.

use models::Identity;
use proto::answer::v1 as wire;

use super::status::code_and_reason;
use crate::Error;
use crate::batcher::Timings;

pub(super) fn model(identity: &Identity) -> wire::Model {
    let Identity { name, version, sha256 } = identity.clone();
    wire::Model { name, version, sha256, ..Default::default() }
}

pub(super) fn timings(timings: Timings) -> wire::Timings {
    wire::Timings {
        queue: prost_types::Duration::try_from(timings.queue).ok(),
        prepare: prost_types::Duration::try_from(timings.prepare).ok(),
        infer: prost_types::Duration::try_from(timings.infer).ok(),
    }
}

pub(super) fn failure(error: &Error) -> wire::Failure {
    let (code, reason) = code_and_reason(error);
    wire::Failure { code: code.into(), reason: reason.to_owned(), message: error.to_string() }
}
