//! gRPC's framing: a flag for compression, four bytes of length, the message.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use prost::Message;

const HEADER: usize = 5;

/// The message, framed.
pub(crate) fn frame(message: &impl Message) -> Bytes {
    joined(&[], &message.encode_to_vec())
}

/// A frame of `fields` and the encoded message `rest`: protobuf reads them as one message.
pub(crate) fn joined(fields: &[u8], rest: &[u8]) -> Bytes {
    let length = fields.len() + rest.len();
    let mut framed = BytesMut::with_capacity(HEADER + length);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    framed.put_slice(fields);
    framed.put_slice(rest);
    framed.freeze()
}

/// Cuts messages out of the bytes as they come.
#[derive(Debug, Default)]
pub(crate) struct Unframe {
    bytes: Bytes,
}

impl Unframe {
    /// Takes more bytes. Does not copy when all before were consumed, which is so for short answers.
    pub(crate) fn push(&mut self, more: Bytes) {
        if self.bytes.is_empty() {
            self.bytes = more;
        } else {
            let mut both = BytesMut::with_capacity(self.bytes.len() + more.len());
            both.put_slice(&self.bytes);
            both.put_slice(&more);
            self.bytes = both.freeze();
        }
    }

    /// The next whole message. The flag is not looked at: no compression was offered.
    pub(crate) fn next(&mut self) -> Option<Bytes> {
        let length = self.bytes.get(1..HEADER)?.get_u32();
        let length = usize::try_from(length).ok()?;
        if self.bytes.len() < HEADER + length {
            return None;
        }
        self.bytes.advance(HEADER);
        Some(self.bytes.split_to(length))
    }
}

#[cfg(test)]
mod tests {
    use proto::age::v1::EstimateAgeRequest;

    use super::*;

    #[test]
    fn messages_come_out_as_they_went_in_however_they_are_cut() {
        let whole = [joined(b"ab", b"c"), joined(&[], b""), joined(&[], b"def")].concat();
        for cut in 0..=whole.len() {
            let (mut unframe, mut messages) = (Unframe::default(), Vec::new());
            for part in [&whole[..cut], &whole[cut..]] {
                unframe.push(Bytes::copy_from_slice(part));
                messages.extend(std::iter::from_fn(|| unframe.next()));
            }
            assert_eq!(messages, [&b"abc"[..], b"", b"def"], "cut at {cut}");
        }
    }

    #[test]
    fn fields_in_front_are_part_of_the_message() {
        let id = EstimateAgeRequest { request_id: "7".into(), ..Default::default() }.encode_to_vec();
        let rest = EstimateAgeRequest { image: vec![1, 2], ..Default::default() }.encode_to_vec();
        let read = EstimateAgeRequest::decode(&joined(&id, &rest)[HEADER..]).unwrap();
        assert_eq!((read.request_id.as_str(), read.image), ("7", vec![1, 2]));
    }
}
