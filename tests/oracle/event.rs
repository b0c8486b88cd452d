//! One event: what it says, known from how it was made, and the delivery it travels as.

use std::fmt;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use shared::delivery::Delivery;

use super::catalogue::{Kind, MESSAGES, UNKNOWN};
use super::svix_id;
use super::time::Written;

/// The instance whose events are mirrored.
pub const INSTANCE: &str = "ins_ours";

/// What is generated of an event.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Which of the world's objects it is about.
    pub object: u8,
    /// Whether it says that the object is gone, where there is such an event.
    pub deletion: bool,
    /// Which of several types or spellings it takes.
    pub choice: u8,
    pub updated_at: Written,
    pub timestamp: Written,
    pub svix_id: svix_id::Spec,
    pub shape: Shape,
    /// How many bytes the object is larger than it would be.
    pub filler: usize,
}

/// What is odd about an event, if anything is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Nothing: it carries the whole object.
    Full,
    /// A deletion that names the object and carries nothing else of it.
    Thin,
    /// Without `instance_id`.
    FromNowhere,
    /// Of another instance.
    Foreign,
    /// An e-mail or a text message.
    Message,
    /// Of a type that is not known.
    Unknown,
    /// The end of the body is missing.
    Truncated,
    /// The body is not UTF-8.
    NotUtf8,
    /// Without `type`.
    NoType,
    /// `type` is a number.
    NumericType,
    /// Without `data`.
    NoData,
    /// `data` is a list.
    ListData,
    /// Without `data.id`.
    NoId,
    /// `data.id` is a number.
    NumericId,
    /// `data.id` is empty.
    EmptyId,
}

/// What must become of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Mirrored,
    Ignored,
    Dead,
}

/// One event in one run of its world.
pub struct Event {
    /// Its place in the world. Every event's data carries it, so no two snapshots are the same.
    pub number: usize,
    pub kind: &'static Kind,
    pub object_id: String,
    pub svix_id: String,
    pub spec: Spec,
}

impl Event {
    pub fn fate(&self) -> Fate {
        match self.spec.shape {
            Shape::Full | Shape::Thin | Shape::FromNowhere => Fate::Mirrored,
            Shape::Foreign | Shape::Message | Shape::Unknown => Fate::Ignored,
            _ => Fate::Dead,
        }
    }

    /// Whether it says that the object is gone.
    pub fn is_deletion(&self) -> bool {
        self.spec.deletion && self.kind.deletion.is_some()
    }

    /// The type it is sent with.
    fn event_type(&self) -> &'static str {
        let choose = |types: &[&'static str]| types[usize::from(self.spec.choice) % types.len()];
        match (self.spec.shape, self.kind.deletion) {
            (Shape::Message, _) => choose(&MESSAGES),
            (Shape::Unknown, _) => choose(&UNKNOWN),
            (_, Some(deletion)) if self.spec.deletion => deletion,
            _ => choose(self.kind.snapshots),
        }
    }

    /// The type, if it can be read.
    pub fn readable_type(&self) -> Option<&'static str> {
        match self.spec.shape {
            Shape::Truncated | Shape::NotUtf8 | Shape::NoType | Shape::NumericType => None,
            _ => Some(self.event_type()),
        }
    }

    /// `data.id`, if it can be read.
    pub fn readable_id(&self) -> Option<&str> {
        match self.spec.shape {
            Shape::Truncated | Shape::NotUtf8 | Shape::NoData | Shape::ListData => None,
            Shape::NoId | Shape::NumericId => None,
            Shape::EmptyId => Some(""),
            _ => Some(&self.object_id),
        }
    }

    /// `data.updated_at` in milliseconds, if it can be read.
    pub fn updated_at(&self) -> Option<i64> {
        match self.spec.shape {
            Shape::Truncated | Shape::NotUtf8 | Shape::NoData | Shape::ListData => None,
            Shape::Thin if self.is_deletion() => None,
            Shape::Message => None,
            _ => self.spec.updated_at.millis(),
        }
    }

    /// When it happened, in milliseconds: as the envelope says, or else the svix-id, or else the object.
    pub fn occurred_at(&self) -> i64 {
        let timestamp = match self.spec.shape {
            Shape::Truncated | Shape::NotUtf8 => None,
            _ => self.spec.timestamp.millis(),
        };
        timestamp.or(self.spec.svix_id.millis()).or(self.updated_at()).unwrap_or(0)
    }

    /// The state of the object that it carries, as a database can hold it. That of a deletion counts only if it tells
    /// how new it is.
    pub fn snapshot(&self) -> Option<Value> {
        let counts = !self.is_deletion() || self.updated_at().is_some();
        counts.then(|| self.data().to_string().replace("\\u0000", "\u{fffd}").parse().unwrap())
    }

    /// One delivery of it.
    pub fn delivery(&self, received_at: i64) -> Delivery {
        Delivery {
            svix_id: self.svix_id.clone(),
            svix_timestamp: received_at / 1000,
            svix_signature: "v1,".to_owned(),
            received_at,
            traceparent: None,
            body: self.body(),
        }
    }

    /// The body it is sent with.
    pub fn body(&self) -> Bytes {
        let mut event = Map::new();
        event.insert("object".to_owned(), json!("event"));
        match self.spec.shape {
            Shape::NoType => {}
            Shape::NumericType => put(&mut event, "type", json!(7)),
            _ => put(&mut event, "type", json!(self.event_type())),
        }
        match self.spec.shape {
            Shape::NoData => {}
            Shape::ListData => put(&mut event, "data", json!([self.data()])),
            _ => put(&mut event, "data", self.data()),
        }
        match self.spec.shape {
            Shape::FromNowhere => {}
            Shape::Foreign => put(&mut event, "instance_id", json!("ins_theirs")),
            _ => put(&mut event, "instance_id", json!(INSTANCE)),
        }
        if let Some(timestamp) = self.spec.timestamp.json() {
            put(&mut event, "timestamp", timestamp);
        }
        let mut body = Value::from(event).to_string().into_bytes();
        match self.spec.shape {
            Shape::Truncated => drop(body.pop()),
            Shape::NotUtf8 => body.push(0xff),
            _ => {}
        }
        body.into()
    }

    fn data(&self) -> Value {
        let mut data = match self.spec.shape {
            Shape::Thin if self.is_deletion() => json!({"object": "object", "deleted": true}),
            Shape::Message => json!({"status": "queued", "body": "the code is 123456"}),
            _ => self.object(),
        };
        if let Some(data) = data.as_object_mut() {
            match self.spec.shape {
                Shape::NoId => {}
                Shape::NumericId => put(data, "id", json!(self.number)),
                Shape::EmptyId => put(data, "id", json!("")),
                _ => put(data, "id", json!(self.object_id)),
            }
        }
        data
    }

    /// The object, with fields of every kind in one, because the typed columns of every table read them. Objects
    /// share their e-mail addresses and keys, as those do that are made again under a new id.
    fn object(&self) -> Value {
        let n = self.number;
        let email = ["ada@example.com", "Bob@example.com"][n % 2];
        let verification = json!({"status": (["verified", "unverified"][n % 2])});
        let mut object = json!({
            "event": n,
            "name": ([json!("Ärger 🎺"), json!(n), Value::Null][n % 3]),
            "first_name": (["Ada", "A\0da"][usize::from(n.is_multiple_of(5))]),
            "slug": "ada",
            "key": "org:admin",
            "role": "org:admin",
            "status": (["active", "pending", "ended"][n % 3]),
            "email_address": email,
            "primary_email_address_id": "idn_1",
            "email_addresses": [{"id": "idn_1", "email_address": email, "verification": verification}],
            "two_factor_enabled": n.is_multiple_of(2),
            "public_metadata": {"n": n},
            "permissions": ["org:read", n],
            "organization": {"id": "org_1", "name": "Acme"},
            "public_user_data": {"user_id": "user_1"},
            "organization_id": "org_1",
            "user_id": "user_1",
            "payer": {"user_id": "user_1", "organization_id": ""},
            "created_at": super::time::START,
        });
        if let (Some(fields), Some(updated_at)) = (object.as_object_mut(), self.spec.updated_at.json()) {
            put(fields, "updated_at", updated_at);
        }
        if let Some(fields) = object.as_object_mut().filter(|_| self.spec.filler > 0) {
            put(fields, "biography", json!("x".repeat(self.spec.filler)));
        }
        object
    }
}

fn put(object: &mut Map<String, Value>, key: &str, value: Value) {
    object.insert(key.to_owned(), value);
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spec { timestamp, updated_at, shape, .. } = &self.spec;
        let Self { number, object_id, svix_id, .. } = self;
        write!(f, "e{number:<2} {:<31} {object_id:<12} ", self.event_type())?;
        write!(f, "updated_at {updated_at:?}, timestamp {timestamp:?}, {svix_id}")?;
        let as_usual = *shape == Shape::Full || (*shape == Shape::Thin && !self.is_deletion());
        if as_usual { Ok(()) } else { write!(f, ", {shape:?}") }
    }
}
