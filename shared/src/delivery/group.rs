//! Several deliveries in one body: what shares a message under load.
//!
//! A version byte, the length of what follows once it is decompressed (4 bytes, big-endian), and an LZ4 block: events are alike,
//! and a broker writes each of their bytes to disk. In it are the deliveries, one after the other:
//!
//! | field | bytes |
//! |---|---|
//! | `svix_id`, `svix_signature`, `traceparent` (empty: none), `body` | each a length (4, big-endian) and so many bytes |
//! | `svix_timestamp`, `received_at` | 8 each, big-endian, between `svix_id` and `svix_signature` |

use bytes::{Buf, BufMut, Bytes};

use super::{Delivery, is_svix_id};

const VERSION: u8 = 1;
/// No group is nearly as long: what claims to be is not decompressed. A message of some kilobytes could become so many
/// deliveries that no worker has the memory for them.
const MAX_BYTES: usize = 1024 * 1024;
const LENGTH: usize = size_of::<u32>();
/// What a delivery takes beside its texts and its body.
const FIXED: usize = 4 * LENGTH + 2 * size_of::<i64>();

/// Why bytes are no group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Made by a version of this program that is not known here.
    #[error("a group of deliveries in an unknown version")]
    Version,
    /// They end too early, or go on where they should end.
    #[error("a group of deliveries whose lengths are wrong")]
    Length,
    /// Not an LZ4 block.
    #[error("a group of deliveries that cannot be decompressed")]
    Compression,
    /// A text that is not UTF-8.
    #[error("a group of deliveries with a text that is not UTF-8")]
    Text,
    /// A svix-id that no request can have had.
    #[error("a group of deliveries with an impossible svix-id")]
    Id,
    /// There must be at least one.
    #[error("a group without deliveries")]
    Empty,
}

/// Puts deliveries into one body, in order.
pub fn encode<'a>(deliveries: impl Iterator<Item = &'a Delivery> + Clone) -> Vec<u8> {
    let frames = frames(deliveries);
    let mut group = Vec::with_capacity(frames.len() / 2);
    group.put_u8(VERSION);
    group.put_u32(frames.len() as u32);
    group.extend(lz4_flex::block::compress(&frames));
    group
}

fn frames<'a>(deliveries: impl Iterator<Item = &'a Delivery> + Clone) -> Vec<u8> {
    let mut frames = Vec::with_capacity(deliveries.clone().map(framed_len).sum());
    for delivery in deliveries {
        put(&mut frames, delivery.svix_id.as_bytes());
        frames.put_i64(delivery.svix_timestamp);
        frames.put_i64(delivery.received_at);
        put(&mut frames, delivery.svix_signature.as_bytes());
        put(&mut frames, delivery.traceparent.as_deref().unwrap_or_default().as_bytes());
        put(&mut frames, &delivery.body);
    }
    frames
}

/// How many bytes a delivery takes in a group before it is compressed.
pub fn framed_len(delivery: &Delivery) -> usize {
    let Delivery { svix_id, svix_signature, traceparent, body, .. } = delivery;
    let traceparent = traceparent.as_ref().map_or(0, String::len);
    FIXED + svix_id.len() + svix_signature.len() + traceparent + body.len()
}

fn put(frames: &mut Vec<u8>, bytes: &[u8]) {
    // The limits of a request's head and body are far below 4 GiB.
    frames.put_u32(bytes.len() as u32);
    frames.put_slice(bytes);
}

/// Takes the deliveries out again. Their bodies share one piece of memory.
pub fn decode(mut group: &[u8]) -> Result<Vec<Delivery>, Malformed> {
    if group.try_get_u8() != Ok(VERSION) {
        return Err(Malformed::Version);
    }
    let length = group.try_get_u32().map_err(|_| Malformed::Length)? as usize;
    if length > MAX_BYTES {
        return Err(Malformed::Length);
    }
    let frames = lz4_flex::block::decompress(group, length).map_err(|_| Malformed::Compression)?;
    if frames.len() != length {
        return Err(Malformed::Length);
    }
    unframe(frames.into())
}

fn unframe(mut frames: Bytes) -> Result<Vec<Delivery>, Malformed> {
    let mut deliveries = Vec::new();
    while frames.has_remaining() {
        deliveries.push(take_delivery(&mut frames)?);
    }
    if deliveries.is_empty() { Err(Malformed::Empty) } else { Ok(deliveries) }
}

fn take_delivery(frames: &mut Bytes) -> Result<Delivery, Malformed> {
    let svix_id = take_text(frames)?;
    if !is_svix_id(&svix_id) {
        return Err(Malformed::Id);
    }
    let svix_timestamp = frames.try_get_i64().map_err(|_| Malformed::Length)?;
    let received_at = frames.try_get_i64().map_err(|_| Malformed::Length)?;
    let svix_signature = take_text(frames)?;
    let traceparent = Some(take_text(frames)?).filter(|text| !text.is_empty());
    let body = take(frames)?;
    Ok(Delivery { svix_id, svix_timestamp, svix_signature, received_at, traceparent, body })
}

fn take_text(frames: &mut Bytes) -> Result<String, Malformed> {
    std::str::from_utf8(&take(frames)?).map(str::to_owned).map_err(|_| Malformed::Text)
}

fn take(frames: &mut Bytes) -> Result<Bytes, Malformed> {
    let length = frames.try_get_u32().map_err(|_| Malformed::Length)? as usize;
    if length > frames.len() {
        return Err(Malformed::Length);
    }
    Ok(frames.split_to(length))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    fn a_delivery() -> impl Strategy<Value = Delivery> {
        let texts = ("[!-\\-/-~]{1,255}", ".{0,100}", option::of(".{1,60}"));
        (texts, any::<i64>(), any::<i64>(), vec(any::<u8>(), 0..300)).prop_map(
            |((svix_id, svix_signature, traceparent), svix_timestamp, received_at, body)| Delivery {
                svix_id,
                svix_timestamp,
                svix_signature,
                received_at,
                traceparent,
                body: body.into(),
            },
        )
    }

    proptest! {
        #[test]
        fn what_went_in_comes_out(deliveries in vec(a_delivery(), 1..20)) {
            prop_assert_eq!(decode(&encode(deliveries.iter())).unwrap(), deliveries);
        }

        #[test]
        fn frames_that_broke_off_are_malformed_or_end_between_two(
            deliveries in vec(a_delivery(), 1..5), cut in any::<prop::sample::Index>(),
        ) {
            let mut frames = frames(deliveries.iter());
            frames.truncate(cut.index(frames.len()));
            let whole = |count: usize| deliveries[..count].iter().map(framed_len).sum::<usize>();
            let at_the_end_of = (1..deliveries.len()).find(|count| whole(*count) == frames.len());
            match unframe(frames.into()) {
                Ok(unframed) => prop_assert_eq!(Some(unframed.len()), at_the_end_of),
                Err(_) => prop_assert_eq!(at_the_end_of, None),
            }
        }

        #[test]
        fn whatever_is_taken_for_frames_is_frames(bytes in vec(any::<u8>(), 0..200)) {
            if let Ok(deliveries) = unframe(bytes.clone().into()) {
                prop_assert_eq!(frames(deliveries.iter()), bytes);
            }
        }

        #[test]
        fn nothing_that_claims_to_be_a_group_does_harm(mut bytes in vec(any::<u8>(), 5..200), length in 0..2000u32) {
            bytes[0] = VERSION;
            bytes[1..5].copy_from_slice(&length.to_be_bytes());
            if let Ok(deliveries) = decode(&bytes) {
                prop_assert_eq!(decode(&encode(deliveries.iter())).unwrap(), deliveries);
            }
        }
    }

    #[test]
    fn an_id_that_no_request_can_have_had_is_malformed() {
        let with = |svix_id: &str| Delivery {
            svix_id: svix_id.into(),
            svix_timestamp: 0,
            svix_signature: String::new(),
            received_at: 0,
            traceparent: None,
            body: Bytes::new(),
        };
        for id in ["", "a.b", "a b", "a\0", "é", &"x".repeat(256)] {
            assert_eq!(malformed(&encode([with("msg_1"), with(id)].iter())), Malformed::Id, "{id}");
        }
        assert!(decode(&encode([with(&"x".repeat(255))].iter())).is_ok());
    }

    fn claiming(length: u32, frames: &[u8]) -> Vec<u8> {
        let block = lz4_flex::block::compress(frames);
        [&[VERSION][..], &length.to_be_bytes(), &block].concat()
    }

    fn malformed(bytes: &[u8]) -> Malformed {
        decode(bytes).unwrap_err()
    }

    #[test]
    fn what_is_no_group_is_told_apart() {
        assert_eq!(malformed(b""), Malformed::Version);
        assert_eq!(malformed(b"{}"), Malformed::Version);
        assert_eq!(malformed(&[VERSION, 0, 0]), Malformed::Length);
        assert_eq!(malformed(&claiming(0, b"")), Malformed::Empty);
        assert_eq!(malformed(&[VERSION, 0, 0, 0, 9, 0xff, 0xff]), Malformed::Compression);
        assert_eq!(malformed(&claiming(6, b"frames!")), Malformed::Compression);
        assert_eq!(malformed(&claiming(8, b"frames!")), Malformed::Length);
        assert_eq!(malformed(&claiming(u32::MAX, b"frames!")), Malformed::Length);
        let zeros = vec![0; MAX_BYTES + 1];
        assert_eq!(malformed(&claiming(zeros.len() as u32, &zeros)), Malformed::Length);
        assert_eq!(malformed(&claiming(MAX_BYTES as u32, &zeros[1..])), Malformed::Id);
        assert_eq!(malformed(&claiming(5, &[0xff, 0xff, 0xff, 0xff, b'x'])), Malformed::Length);
        assert_eq!(malformed(&claiming(5, &[0, 0, 0, 1, 0xff])), Malformed::Text);
    }
}
