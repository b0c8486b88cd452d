//! Several deliveries in one body: what shares a message under load.
//!
//! A version byte, then the deliveries one after the other:
//!
//! | field | bytes |
//! |---|---|
//! | `svix_id`, `svix_signature`, `traceparent` (empty: none), `body` | each a length (4, big-endian) and so many bytes |
//! | `svix_timestamp`, `received_at` | 8 each, big-endian, between `svix_id` and `svix_signature` |

use bytes::{Buf, BufMut, Bytes};

use super::Delivery;

const VERSION: u8 = 1;
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
    /// A text that is not UTF-8.
    #[error("a group of deliveries with a text that is not UTF-8")]
    Text,
    /// There must be at least one.
    #[error("a group without deliveries")]
    Empty,
}

/// Puts deliveries into one body, in order.
pub fn encode<'a>(deliveries: impl Iterator<Item = &'a Delivery> + Clone) -> Vec<u8> {
    let mut group = Vec::with_capacity(1 + deliveries.clone().map(encoded_len).sum::<usize>());
    group.put_u8(VERSION);
    for delivery in deliveries {
        put(&mut group, delivery.svix_id.as_bytes());
        group.put_i64(delivery.svix_timestamp);
        group.put_i64(delivery.received_at);
        put(&mut group, delivery.svix_signature.as_bytes());
        put(&mut group, delivery.traceparent.as_deref().unwrap_or_default().as_bytes());
        put(&mut group, &delivery.body);
    }
    group
}

/// How many bytes a delivery takes in a group.
pub fn encoded_len(delivery: &Delivery) -> usize {
    let Delivery { svix_id, svix_signature, traceparent, body, .. } = delivery;
    let traceparent = traceparent.as_ref().map_or(0, String::len);
    FIXED + svix_id.len() + svix_signature.len() + traceparent + body.len()
}

fn put(group: &mut Vec<u8>, bytes: &[u8]) {
    // The limits of a request's head and body are far below 4 GiB.
    group.put_u32(bytes.len() as u32);
    group.put_slice(bytes);
}

/// Takes the deliveries out again. Their bodies share the memory of `group`.
pub fn decode(mut group: Bytes) -> Result<Vec<Delivery>, Malformed> {
    if group.try_get_u8() != Ok(VERSION) {
        return Err(Malformed::Version);
    }
    let mut deliveries = Vec::new();
    while group.has_remaining() {
        deliveries.push(take_delivery(&mut group)?);
    }
    if deliveries.is_empty() { Err(Malformed::Empty) } else { Ok(deliveries) }
}

fn take_delivery(group: &mut Bytes) -> Result<Delivery, Malformed> {
    let svix_id = take_text(group)?;
    let svix_timestamp = group.try_get_i64().map_err(|_| Malformed::Length)?;
    let received_at = group.try_get_i64().map_err(|_| Malformed::Length)?;
    let svix_signature = take_text(group)?;
    let traceparent = Some(take_text(group)?).filter(|text| !text.is_empty());
    let body = take(group)?;
    Ok(Delivery { svix_id, svix_timestamp, svix_signature, received_at, traceparent, body })
}

fn take_text(group: &mut Bytes) -> Result<String, Malformed> {
    std::str::from_utf8(&take(group)?).map(str::to_owned).map_err(|_| Malformed::Text)
}

fn take(group: &mut Bytes) -> Result<Bytes, Malformed> {
    let length = group.try_get_u32().map_err(|_| Malformed::Length)? as usize;
    if length > group.len() {
        return Err(Malformed::Length);
    }
    Ok(group.split_to(length))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    fn a_delivery() -> impl Strategy<Value = Delivery> {
        let texts = (".{0,40}", ".{0,100}", option::of(".{1,60}"));
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
            let group = encode(deliveries.iter());
            prop_assert_eq!(group.len(), 1 + deliveries.iter().map(encoded_len).sum::<usize>());
            prop_assert_eq!(decode(group.into()).unwrap(), deliveries);
        }

        #[test]
        fn a_group_that_broke_off_is_malformed_or_ends_between_two(
            deliveries in vec(a_delivery(), 1..5), cut in any::<prop::sample::Index>(),
        ) {
            let mut group = encode(deliveries.iter());
            group.truncate(cut.index(group.len()));
            let whole = |count: usize| 1 + deliveries[..count].iter().map(encoded_len).sum::<usize>();
            let at_the_end_of = (1..deliveries.len()).find(|count| whole(*count) == group.len());
            match decode(group.into()) {
                Ok(decoded) => prop_assert_eq!(Some(decoded.len()), at_the_end_of),
                Err(_) => prop_assert_eq!(at_the_end_of, None),
            }
        }

        #[test]
        fn whatever_is_taken_for_a_group_is_one(mut bytes in vec(any::<u8>(), 0..200), versioned: bool) {
            if versioned && let Some(first) = bytes.first_mut() {
                *first = VERSION;
            }
            if let Ok(deliveries) = decode(bytes.clone().into()) {
                prop_assert_eq!(encode(deliveries.iter()), bytes);
            }
        }
    }

    #[test]
    fn what_is_no_group_is_told_apart() {
        let malformed = |bytes: &'static [u8]| decode(Bytes::from_static(bytes)).unwrap_err();
        assert_eq!(malformed(b""), Malformed::Version);
        assert_eq!(malformed(b"{}"), Malformed::Version);
        assert_eq!(malformed(&[VERSION]), Malformed::Empty);
        assert_eq!(malformed(&[VERSION, 0xff, 0xff, 0xff, 0xff, b'x']), Malformed::Length);
        assert_eq!(malformed(&[VERSION, 0, 0, 0, 1, 0xff]), Malformed::Text);
    }
}
