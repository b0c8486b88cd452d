//! One delivery of one event, as it travels from the edge to the worker.

pub mod group;

use bytes::Bytes;

/// A signed webhook request, byte for byte: enough to verify it again at the other end of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// `svix-id`: the same on every delivery of one event.
    pub svix_id: String,
    /// `svix-timestamp`: when this attempt was sent, seconds since 1970. Not when the event happened.
    pub svix_timestamp: i64,
    /// `svix-signature` as sent.
    pub svix_signature: String,
    /// When the edge received it, milliseconds since 1970.
    pub received_at: i64,
    /// W3C trace context of the request.
    pub traceparent: Option<String>,
    /// The raw request body.
    pub body: Bytes,
}

/// The length AMQP allows for a message id, and far over any of Svix's.
const MAX_ID_LEN: usize = 255;

/// Whether an event can have this svix-id. A dot would make the signed text ambiguous.
pub(crate) fn is_svix_id(id: &str) -> bool {
    (1..=MAX_ID_LEN).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.')
}

impl Delivery {
    /// The event type, where it stands first or last in the envelope (Clerk writes it last).
    ///
    /// A label for people who look at the broker, read without parsing the body; the worker parses.
    pub fn event_type(&self) -> Option<&str> {
        let body = self.body.trim_ascii();
        last_type(body).or_else(|| first_type(body)).and_then(label)
    }
}

/// In JSON, what stands right before the last brace is a member of the outermost object.
fn last_type(body: &[u8]) -> Option<&[u8]> {
    let body = body.strip_suffix(b"}")?.trim_ascii_end().strip_suffix(b"\"")?;
    let start = body.iter().rposition(|&byte| byte == b'"')? + 1;
    let (before, value) = body.split_at(start);
    let before = before.strip_suffix(b"\"")?.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
    before.ends_with(b"\"type\"").then_some(value)
}

fn first_type(body: &[u8]) -> Option<&[u8]> {
    let rest = body.strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"type\"")?;
    let rest = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let end = rest.iter().position(|&byte| byte == b'"')?;
    Some(&rest[..end])
}

/// What AMQP's `type` property can carry and a person can read.
fn label(value: &[u8]) -> Option<&str> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let short = !value.is_empty() && value.len() <= 100;
    (short && value.iter().all(plain)).then(|| std::str::from_utf8(value).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_of(body: &str) -> Option<String> {
        let delivery = Delivery {
            svix_id: "msg_1".into(),
            svix_timestamp: 0,
            svix_signature: String::new(),
            received_at: 0,
            traceparent: None,
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        delivery.event_type().map(str::to_owned)
    }

    #[test]
    fn reads_the_type_at_either_end_of_the_envelope() {
        assert_eq!(type_of(r#"{"data":{"a":"b"},"type":"user.created"}"#).as_deref(), Some("user.created"));
        assert_eq!(
            type_of("{\"data\":{},\n \"type\" : \"user.created\" }\n").as_deref(),
            Some("user.created")
        );
        assert_eq!(type_of(r#"{"type":"user.deleted","data":{}}"#).as_deref(), Some("user.deleted"));
    }

    #[test]
    fn a_type_that_is_not_the_envelopes_is_not_taken_for_it() {
        for body in [
            r#"{"data":{"type":"custom"}}"#,
            r#"{"data":"\"type\":\"x\""}"#,
            r#"{"type":7}"#,
            r#"{"data":{},"mytype":"x"}"#,
            r#"{"data":{},"type":"with \"quotes\""}"#,
            r#"{"data":{},"type":""}"#,
            "}",
            "{",
            "",
        ] {
            assert_eq!(type_of(body), None, "{body}");
        }
    }
}
