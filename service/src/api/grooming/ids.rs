//! The callers' own ids: any text that is not too long. Those of a watched conversation are kept, so they have a bound.

use crate::Error;
use crate::error::RequestFault;

/// A UUID has 36 bytes; nobody needs many more.
const MAX_BYTES: usize = 256;

/// Refuses an id that is too long.
pub(super) fn bounded(id: &str, field: impl Fn() -> String) -> Result<(), Error> {
    if id.len() > MAX_BYTES {
        return Err(Error::request(field(), RequestFault::IdTooLong { limit: MAX_BYTES }));
    }
    Ok(())
}

/// Refuses an id that is missing or too long.
pub(super) fn required(id: &str, field: impl Fn() -> String) -> Result<(), Error> {
    if id.is_empty() {
        return Err(Error::request(field(), RequestFault::Missing));
    }
    bounded(id, field)
}

/// A message that its caller did not name is named by its place in the conversation, from 1: evidence must name it.
pub(super) fn or_place(id: String, place: usize) -> String {
    if id.is_empty() { place.to_string() } else { id }
}
