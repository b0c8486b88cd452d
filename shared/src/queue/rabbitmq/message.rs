//! A delivery as an AMQP message, and back.

use bytes::Bytes;
use lapin::{
    BasicProperties,
    message::Delivery as Message,
    types::{AMQPValue, FieldTable, ShortString},
};
use sha2::{Digest, Sha256};

use crate::delivery::Delivery;

const PERSISTENT: u8 = 2;
const SVIX_TIMESTAMP: &str = "svix-timestamp";
const SVIX_SIGNATURE: &str = "svix-signature";
const RECEIVED_AT: &str = "received-at";
const TRACEPARENT: &str = "traceparent";

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

/// Reads a message. One that somebody else put into the queue has no svix-id: it gets a name from its content,
/// the same each time it is delivered, so that it can be accounted for.
pub(super) fn delivery(message: Message) -> Delivery {
    let Message { properties, data, .. } = message;
    let header = |name: &str| properties.headers().as_ref().and_then(|headers| headers.inner().get(name));
    let integer = |name| header(name).and_then(AMQPValue::as_long_long_int).unwrap_or_default();
    let text = |name| header(name).and_then(AMQPValue::as_long_string).map(ToString::to_string);
    let svix_id = match properties.message_id() {
        Some(id) if !id.as_str().is_empty() => id.to_string(),
        _ => content_name(&data),
    };
    Delivery {
        svix_id,
        svix_timestamp: integer(SVIX_TIMESTAMP),
        svix_signature: text(SVIX_SIGNATURE).unwrap_or_default(),
        received_at: integer(RECEIVED_AT),
        traceparent: text(TRACEPARENT),
        body: Bytes::from(data),
    }
}

fn content_name(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256_{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through_the_wire(delivery: &Delivery) -> Delivery {
        let mut message = Message::mock(1, "".into(), "q".into(), false, delivery.body.to_vec());
        message.properties = properties(delivery);
        super::delivery(message)
    }

    #[test]
    fn a_delivery_survives_the_wire() {
        let mut delivery = Delivery {
            svix_id: "msg_1".into(),
            svix_timestamp: 1_700_000_000,
            svix_signature: "v1,abc".into(),
            received_at: 1_700_000_000_123,
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
            body: Bytes::from_static(b"{\"type\":\"user.created\"}"),
        };
        assert_eq!(through_the_wire(&delivery), delivery);
        delivery.traceparent = None;
        delivery.body = Bytes::from_static(b"\xff\x00 not json");
        assert_eq!(through_the_wire(&delivery), delivery);
    }

    #[test]
    fn the_event_type_is_a_property() {
        let mut delivery = through_the_wire(&Delivery {
            svix_id: "msg_1".into(),
            svix_timestamp: 0,
            svix_signature: String::new(),
            received_at: 0,
            traceparent: None,
            body: Bytes::from_static(b"{\"type\":\"user.created\"}"),
        });
        assert_eq!(properties(&delivery).kind().as_ref().map(ShortString::as_str), Some("user.created"));
        delivery.body = Bytes::new();
        assert_eq!(properties(&delivery).kind(), &None);
    }

    #[test]
    fn a_strangers_message_is_named_by_its_content() {
        let stranger =
            |body: &[u8]| delivery(Message::mock(1, "".into(), "q".into(), false, body.to_vec())).svix_id;
        assert_eq!(stranger(b"a"), stranger(b"a"));
        assert_ne!(stranger(b"a"), stranger(b"b"));
        assert!(stranger(b"a").starts_with("sha256_"));
    }
}
