//! Deliveries as AMQP messages, and back: one in a plain message, or several in one.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use lapin::{
    BasicProperties,
    message::Delivery as Message,
    types::{AMQPValue, FieldTable, ShortString},
};
use sha2::{Digest, Sha256};

use crate::delivery::{Delivery, group};

const PERSISTENT: u8 = 2;
/// Tells a message that several deliveries share from a plain one.
const GROUP: &str = "application/vnd.clerk-mirror.deliveries";
/// How many share it, for people who look at the broker.
const DELIVERIES: &str = "deliveries";
/// How often a quorum queue has delivered the message before.
const DELIVERY_COUNT: &str = "x-delivery-count";
const SVIX_TIMESTAMP: &str = "svix-timestamp";
const SVIX_SIGNATURE: &str = "svix-signature";
const RECEIVED_AT: &str = "received-at";
const TRACEPARENT: &str = "traceparent";
/// A day, in milliseconds: more than the clocks of two machines differ by.
const CLOCKS_APART: i64 = 24 * 60 * 60 * 1000;

/// The properties of a message that `count` deliveries share.
pub(super) fn group_properties(count: usize) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert(DELIVERIES.into(), AMQPValue::LongLongInt(count.try_into().unwrap_or(i64::MAX)));
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type(GROUP.into())
        .with_headers(headers)
}

/// The properties of the message whose body is the delivery's.
pub(super) fn properties(delivery: &Delivery) -> BasicProperties {
    let mut headers = FieldTable::default();
    let text = |value: &str| AMQPValue::LongString(value.into());
    headers.insert(SVIX_TIMESTAMP.into(), AMQPValue::LongLongInt(delivery.svix_timestamp));
    headers.insert(SVIX_SIGNATURE.into(), text(&delivery.svix_signature));
    headers.insert(RECEIVED_AT.into(), AMQPValue::LongLongInt(delivery.received_at));
    if let Some(traceparent) = &delivery.traceparent {
        headers.insert(TRACEPARENT.into(), text(traceparent));
    }
    let properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
        .with_message_id(ShortString::from(&*delivery.svix_id))
        .with_headers(headers);
    match delivery.event_type() {
        Some(event_type) => properties.with_type(event_type.into()),
        None => properties,
    }
}

/// How often the message was delivered before, to a worker that did not acknowledge it.
pub(super) fn delivered_before(message: &Message) -> i64 {
    let headers = message.properties.headers().as_ref();
    let count = headers.and_then(|headers| headers.inner().get(DELIVERY_COUNT));
    count.and_then(AMQPValue::as_long_long_int).unwrap_or_default()
}

/// Whether several deliveries share the message.
pub(super) fn is_group(message: &Message) -> bool {
    message.properties.content_type().as_ref().is_some_and(|kind| kind.as_str() == GROUP)
}

/// The deliveries of a message, in order.
pub(super) fn deliveries(message: Message) -> Vec<Delivery> {
    if is_group(&message) {
        match group::decode(&message.data) {
            Ok(deliveries) => return deliveries,
            Err(error) => {
                let bytes = message.data.len();
                tracing::error!(%error, bytes, "a message in the queue is not what it says it is");
            }
        }
    }
    let Message { properties, data, .. } = message;
    vec![delivery(&properties, data.into())]
}

/// Reads a plain message. One that somebody else put into the queue has no svix-id: it gets a name from its content,
/// the same each time it is delivered, so that it can be accounted for. Where nobody says when it was received, or what
/// cannot be, that is now: the ledger would drop it at once as long past its retention, or never.
pub(super) fn delivery(properties: &BasicProperties, body: Bytes) -> Delivery {
    let header = |name: &str| properties.headers().as_ref().and_then(|headers| headers.inner().get(name));
    let integer = |name| header(name).and_then(AMQPValue::as_long_long_int);
    let text = |name| header(name).and_then(AMQPValue::as_long_string).map(ToString::to_string);
    let now = now();
    let svix_id = match properties.message_id() {
        Some(id) if !id.as_str().is_empty() => id.to_string(),
        _ => content_name(&body),
    };
    Delivery {
        svix_id,
        svix_timestamp: integer(SVIX_TIMESTAMP).unwrap_or_default(),
        svix_signature: text(SVIX_SIGNATURE).unwrap_or_default(),
        received_at: integer(RECEIVED_AT).filter(|at| (1..now + CLOCKS_APART).contains(at)).unwrap_or(now),
        traceparent: text(TRACEPARENT),
        body,
    }
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_epoch.as_millis().try_into().unwrap_or(i64::MAX)
}

fn content_name(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256_{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_delivery(svix_id: &str, body: &'static [u8]) -> Delivery {
        Delivery {
            svix_id: svix_id.into(),
            svix_timestamp: 1_700_000_000,
            svix_signature: "v1,abc".into(),
            received_at: 1_700_000_000_123,
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
            body: Bytes::from_static(body),
        }
    }

    fn message(properties: BasicProperties, body: &[u8]) -> Message {
        let mut message = Message::mock(1, "".into(), "q".into(), false, body.to_vec());
        message.properties = properties;
        message
    }

    #[test]
    fn a_delivery_survives_the_wire() {
        let mut delivery = a_delivery("msg_1", b"{\"type\":\"user.created\"}");
        let through_the_wire =
            |delivery: &Delivery| deliveries(message(properties(delivery), &delivery.body));
        assert_eq!(through_the_wire(&delivery), [delivery.clone()]);
        delivery.traceparent = None;
        delivery.body = Bytes::from_static(b"\xff\x00 not json");
        assert_eq!(through_the_wire(&delivery), [delivery]);
    }

    #[test]
    fn deliveries_that_share_a_message_survive_the_wire() {
        let sent = [a_delivery("msg_1", b"{}"), a_delivery("msg_2", b"")];
        let shared = message(group_properties(sent.len()), &group::encode(sent.iter()));
        assert!(is_group(&shared));
        assert_eq!(deliveries(shared), sent);
    }

    #[test]
    fn the_event_type_is_a_property() {
        let mut delivery = a_delivery("msg_1", b"{\"type\":\"user.created\"}");
        assert_eq!(properties(&delivery).kind().as_ref().map(ShortString::as_str), Some("user.created"));
        delivery.body = Bytes::new();
        assert_eq!(properties(&delivery).kind(), &None);
    }

    #[test]
    fn a_strangers_message_is_named_by_its_content() {
        for properties in [BasicProperties::default(), group_properties(2)] {
            let name = |body: &[u8]| deliveries(message(properties.clone(), body))[0].svix_id.clone();
            assert_eq!(name(b"a"), name(b"a"));
            assert_ne!(name(b"a"), name(b"b"));
            assert!(name(b"a").starts_with("sha256_"));
        }
    }

    #[test]
    fn what_cannot_have_been_received_when_it_says_is_received_now() {
        let received = |header: Option<AMQPValue>| {
            let mut headers = FieldTable::default();
            if let Some(value) = header {
                headers.insert(RECEIVED_AT.into(), value);
            }
            delivery(&BasicProperties::default().with_headers(headers), Bytes::new()).received_at
        };
        let before = now();
        assert_eq!(received(Some(AMQPValue::LongLongInt(before - 1))), before - 1);
        assert_eq!(received(Some(AMQPValue::LongLongInt(before + 60_000))), before + 60_000);
        let impossible = [i64::MIN, -1, 0, before + 2 * CLOCKS_APART, i64::MAX].map(AMQPValue::LongLongInt);
        for header in
            impossible.into_iter().chain([AMQPValue::LongString("now".into())]).map(Some).chain([None])
        {
            assert!((before..=now()).contains(&received(header.clone())), "{header:?}");
        }
    }

    #[test]
    fn the_broker_says_how_often_it_has_delivered_a_message() {
        let mut again = message(BasicProperties::default(), b"");
        assert_eq!(delivered_before(&again), 0);
        let mut headers = FieldTable::default();
        headers.insert(DELIVERY_COUNT.into(), AMQPValue::LongLongInt(2));
        again.properties = BasicProperties::default().with_headers(headers);
        assert_eq!(delivered_before(&again), 2);
    }
}
