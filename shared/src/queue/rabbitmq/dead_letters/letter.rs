//! What a dead letter says, read the more cautiously the more often it has come back.

use bytes::Bytes;
use lapin::{message::Delivery as Message, types::AMQPValue};

use super::super::message;
use crate::{
    delivery::{Delivery, group},
    queue::Cause,
};

/// Where the broker writes how a message died, the latest death first.
const DEATHS: &str = "x-death";
const REASON: &str = "reason";
const FIRST_REASON: &str = "x-first-death-reason";

/// A message of the dead-letter queue.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) deliveries: Vec<Delivery>,
    pub(super) cause: Cause,
    pub(super) parse: bool,
    pub(super) defect: Option<String>,
}

impl Letter {
    /// The first time, everything is read. If it comes back, that may have ended the worker: then its events are taken
    /// apart, but not parsed; and if it comes back again, nothing in it is touched.
    pub(super) fn read(message: Message) -> Self {
        let cause = cause(&message);
        let came_back = came_back(&message);
        if !message::is_group(&message) {
            let deliveries = vec![message::delivery(&message.properties, message.data.into())];
            return Self { deliveries, cause, parse: came_back == 0, defect: None };
        }
        let defect = match came_back {
            0 | 1 => match group::decode(&message.data) {
                Ok(deliveries) => return Self { deliveries, cause, parse: came_back == 0, defect: None },
                Err(error) => error.to_string(),
            },
            _ => "a group of deliveries that was not taken apart, for it came back again".to_owned(),
        };
        // Nothing of its bytes is kept: they are compressed, and nobody can see what must not be stored.
        let bytes = message.data.len();
        let named = message::delivery(&message.properties, message.data.into());
        let deliveries = vec![Delivery { body: Bytes::new(), ..named }];
        Self { deliveries, cause, parse: false, defect: Some(format!("{defect} ({bytes} bytes)")) }
    }
}

/// How often the letter was taken before, without being acknowledged. Only quorum queues count.
fn came_back(message: &Message) -> i64 {
    message::delivered_before(message).max(message.redelivered.into())
}

fn cause(message: &Message) -> Cause {
    let headers = message.properties.headers().as_ref().map(|headers| headers.inner());
    let latest = || {
        let deaths = headers?.get(DEATHS)?.as_array()?;
        deaths.as_slice().first()?.as_field_table()?.inner().get(REASON)?.as_long_string()
    };
    let first = || headers?.get(FIRST_REASON).and_then(AMQPValue::as_long_string);
    latest().or_else(first).map_or(Cause::Unknown, |reason| Cause::named(&reason.to_string()))
}

#[cfg(test)]
mod tests {
    use lapin::{
        BasicProperties,
        types::{FieldArray, FieldTable},
    };

    use super::*;

    fn text(value: &str) -> AMQPValue {
        AMQPValue::LongString(value.into())
    }

    fn table(members: &[(&str, AMQPValue)]) -> FieldTable {
        let mut table = FieldTable::default();
        for (name, value) in members {
            table.insert((*name).into(), value.clone());
        }
        table
    }

    fn message(headers: &[(&str, AMQPValue)], body: &[u8], content_type: &str) -> Message {
        let mut message = Message::mock(1, "".into(), "q".into(), false, body.to_vec());
        message.properties =
            BasicProperties::default().with_content_type(content_type.into()).with_headers(table(headers));
        message
    }

    fn delivery(svix_id: &str) -> Delivery {
        Delivery {
            svix_id: svix_id.into(),
            svix_timestamp: 1,
            svix_signature: "v1,abc".into(),
            received_at: 1,
            traceparent: None,
            body: Bytes::from_static(b"{}"),
        }
    }

    #[test]
    fn the_latest_death_is_the_cause_and_else_the_first() {
        let death = |reason: &str| AMQPValue::FieldTable(table(&[(REASON, text(reason))]));
        let deaths = |reasons: &[&str]| {
            let mut array = FieldArray::default();
            reasons.iter().for_each(|reason| array.push(death(reason)));
            AMQPValue::FieldArray(array)
        };
        let cause_of = |headers: &[(&str, AMQPValue)]| cause(&message(headers, b"", "text/plain"));
        let both = [(DEATHS, deaths(&["delivery_limit", "expired"])), (FIRST_REASON, text("expired"))];
        assert_eq!(cause_of(&both), Cause::DeliveryLimit);
        assert_eq!(cause_of(&[(FIRST_REASON, text("maxlen"))]), Cause::MaxLength);
        assert_eq!(cause_of(&[(FIRST_REASON, text("boredom"))]), Cause::Unknown);
        assert_eq!(cause_of(&[(DEATHS, deaths(&[]))]), Cause::Unknown);
        assert_eq!(cause_of(&[]), Cause::Unknown);
    }

    #[test]
    fn the_more_often_a_letter_comes_back_the_less_of_it_is_touched() {
        let sent = [delivery("msg_1"), delivery("msg_2")];
        let read = |times: i64, redelivered: bool| {
            let headers = [("x-delivery-count", AMQPValue::LongLongInt(times))];
            let kind = "application/vnd.clerk-mirror.deliveries";
            let mut message = message(&headers, &group::encode(sent.iter()), kind);
            message.redelivered = redelivered;
            Letter::read(message)
        };
        let first = read(0, false);
        assert_eq!((&first.deliveries[..], first.parse, first.defect), (&sent[..], true, None));
        for again in [read(1, true), read(0, true)] {
            assert_eq!((&again.deliveries[..], again.parse, again.defect), (&sent[..], false, None));
        }
        let untouched = read(2, true);
        assert_eq!((untouched.deliveries.len(), untouched.parse), (1, false));
        assert!(
            untouched.deliveries[0].svix_id.starts_with("sha256_") && untouched.deliveries[0].body.is_empty()
        );
        assert!(untouched.defect.unwrap().contains("not taken apart"));
    }

    #[test]
    fn of_a_group_that_cannot_be_read_nothing_is_kept() {
        let letter = Letter::read(message(&[], b"\x01no group", "application/vnd.clerk-mirror.deliveries"));
        assert_eq!(letter.deliveries.len(), 1);
        assert!(letter.deliveries[0].body.is_empty() && !letter.parse);
        assert!(letter.defect.unwrap().ends_with("(9 bytes)"));
    }
}
