//! A message that somebody puts into a queue, and what must become of it.

use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable},
};
use sha2::{Digest, Sha256};
use shared::delivery::Delivery;

/// A message, and the rows of the ledger it must end as.
pub struct Message {
    pub what: &'static str,
    pub properties: BasicProperties,
    pub body: Vec<u8>,
    pub rows: Vec<Row>,
}

/// A row of the ledger.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: String,
    pub ends: Ends,
}

/// How an event ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    Applied,
    /// Dead: nobody has signed it, and if nobody asks for that, it is this.
    Garbage(&'static str),
    /// Dead because nobody has signed it, and applied if nobody asks for that.
    Forged,
    /// Dead because the queue gave it up.
    GivenUp,
    /// Applied, or dead with a reason.
    Either,
}

impl Ends {
    /// Whether that is how it ended, with a worker that checks signatures or not.
    pub fn is(self, outcome: &str, reason: Option<&str>, checked: bool) -> bool {
        let dead = |words: &str| outcome == "dead" && reason.is_some_and(|reason| reason.contains(words));
        let applied = outcome == "applied" && reason.is_none();
        match self {
            Self::Applied => applied,
            Self::Garbage(_) | Self::Forged if checked => dead("not the one that was signed"),
            Self::Garbage(words) => dead(words),
            Self::Forged => applied,
            Self::GivenUp => dead("the queue gave it up"),
            Self::Either => applied || outcome == "stale" || dead(""),
        }
    }
}

impl Message {
    /// A message that is no event, which this tells.
    pub fn garbage(
        what: &'static str,
        properties: BasicProperties,
        body: impl Into<Vec<u8>>,
        reason: &'static str,
    ) -> Self {
        Self::alone(what, properties, body.into(), Ends::Garbage(reason))
    }

    /// A message that is an event, but nobody has signed it.
    pub fn forged(what: &'static str, properties: BasicProperties, body: impl Into<Vec<u8>>) -> Self {
        Self::alone(what, properties, body.into(), Ends::Forged)
    }

    fn alone(what: &'static str, properties: BasicProperties, body: Vec<u8>, ends: Ends) -> Self {
        let named = properties.message_id().as_ref().map(|id| id.to_string()).filter(|id| !id.is_empty());
        let id = named.unwrap_or_else(|| content_name(&body));
        Self { what, properties, body, rows: vec![Row { id, ends }] }
    }

    /// A message in which one signed event is, to be applied all the same.
    pub fn applied(what: &'static str, properties: BasicProperties, delivery: &Delivery) -> Self {
        let rows = vec![Row { id: delivery.svix_id.clone(), ends: Ends::Applied }];
        Self { what, properties, body: delivery.body.to_vec(), rows }
    }

    /// How often it says that it has come back.
    pub fn comes_back(&self) -> i64 {
        let headers = self.properties.headers().as_ref();
        let count = headers.and_then(|headers| headers.inner().get("x-delivery-count"));
        count.and_then(AMQPValue::as_long_long_int).unwrap_or_default()
    }

    /// The same where the queue has given it up: dead, whatever is in it.
    pub fn given_up(mut self) -> Self {
        for row in &mut self.rows {
            row.ends = Ends::GivenUp;
        }
        self
    }
}

/// What an event without a name is called in the ledger.
pub fn content_name(body: &[u8]) -> String {
    let hex: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256_{hex}")
}

/// The properties the edge would give a delivery, with these headers instead of its own.
pub fn properties_of(delivery: &Delivery, headers: &[(&str, AMQPValue)]) -> BasicProperties {
    let mut table = FieldTable::default();
    table.insert("svix-timestamp".into(), AMQPValue::LongLongInt(delivery.svix_timestamp));
    table.insert("svix-signature".into(), text(delivery.svix_signature.as_str()));
    table.insert("received-at".into(), AMQPValue::LongLongInt(delivery.received_at));
    for (name, value) in headers {
        table.insert((*name).into(), value.clone());
    }
    BasicProperties::default()
        .with_delivery_mode(2)
        .with_content_type("application/json".into())
        .with_message_id(delivery.svix_id.as_str().into())
        .with_headers(table)
}

/// A header that is text.
pub fn text(value: impl Into<Vec<u8>>) -> AMQPValue {
    AMQPValue::LongString(value.into().into())
}
