//! Where the world's acts are played: its chance, its time, and the events they send off.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::Serialize;

use super::{Event, dice::Dice, ids::Id, names};

/// One day in milliseconds.
pub const DAY: i64 = 86_400_000;

/// Independent draws for what happens and for how it is sent: neither disturbs the other.
const HAPPENING: u64 = 0;
const SENDING: u64 = 1;

/// Chance, time and outbox of one world.
#[derive(Debug)]
pub struct Stage {
    pub dice: Dice,
    start: i64,
    now: i64,
    sending: Dice,
    last_timestamp: i64,
    /// The most that passes at once, in milliseconds.
    stride: i64,
    wanted: Option<Vec<&'static str>>,
    instance_id: String,
    outbox: VecDeque<Event>,
    scratch: Vec<u8>,
}

/// What Clerk puts around every object.
#[derive(Serialize)]
struct Envelope<'a, T> {
    data: &'a T,
    event_attributes: EventAttributes<'a>,
    instance_id: &'a str,
    object: &'static str,
    timestamp: i64,
    r#type: &'static str,
}

#[derive(Serialize)]
struct EventAttributes<'a> {
    http_request: HttpRequest<'a>,
}

#[derive(Serialize)]
struct HttpRequest<'a> {
    client_ip: &'a str,
    user_agent: &'a str,
}

impl Stage {
    /// The stage of a world that begins at `start`, in milliseconds since 1970.
    pub fn new(seed: u64, instance_id: String, start: i64) -> Self {
        Self {
            dice: Dice::new(seed, HAPPENING),
            start,
            now: start,
            sending: Dice::new(seed, SENDING),
            last_timestamp: start,
            stride: i64::MAX,
            wanted: None,
            instance_id,
            outbox: VecDeque::new(),
            scratch: Vec::new(),
        }
    }

    /// Only these types are rendered from now on.
    pub fn only(&mut self, types: Vec<&'static str>) {
        self.wanted = Some(types);
    }

    /// Nothing takes longer than this from now on, in milliseconds.
    pub fn hurry(&mut self, stride: i64) {
        self.stride = stride;
    }

    /// When the world began, in milliseconds.
    pub fn start(&self) -> i64 {
        self.start
    }

    /// The world's time, in milliseconds.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Until the next act begins.
    pub fn rest(&mut self) {
        let time = self.dice.between(1, 1_600);
        self.pass(time);
    }

    /// Until the next thing within an act.
    pub fn pause(&mut self) {
        let time = self.dice.between(0, 30);
        self.pass(time);
    }

    /// As long as a person needs to read a message and act on it.
    pub fn wait_for_person(&mut self) {
        let time = self.dice.between(2_000, 40_000);
        self.pass(time);
    }

    fn pass(&mut self, time: i64) {
        self.now += time.min(self.stride);
    }

    /// The id of something made now.
    pub fn id(&mut self, prefix: &'static str) -> Id {
        Id::new(prefix, self.now / 1_000, self.dice.bytes())
    }

    /// The instance all this happens in.
    pub fn instance_id(&self) -> &str {
        &self.instance_id
    }

    /// Sends an event about something that has just happened.
    ///
    /// Timestamps strictly increase, so of two snapshots of one object the one sent later is the newer one.
    pub fn emit(&mut self, event_type: &'static str, data: &impl Serialize) {
        let timestamp = (self.now + self.sending.between(3, 45)).max(self.last_timestamp + 1);
        self.emit_at(timestamp, event_type, data);
    }

    /// Sends an event of the very millisecond of the one before: only their svix-ids tell them apart.
    pub fn emit_tied(&mut self, event_type: &'static str, data: &impl Serialize) {
        self.emit_at(self.last_timestamp, event_type, data);
    }

    /// The event that was sent first of those not yet taken.
    pub fn take(&mut self) -> Option<Event> {
        self.outbox.pop_front()
    }

    fn emit_at(&mut self, timestamp: i64, event_type: &'static str, data: &impl Serialize) {
        self.last_timestamp = timestamp;
        let svix_id = Id::new("msg_", timestamp / 1_000, self.sending.bytes());
        let origin = self.sending.bytes();
        if self.wanted.as_ref().is_some_and(|wanted| !wanted.contains(&event_type)) {
            return;
        }
        let (client_ip, user_agent) = names::origin(origin);
        let envelope = Envelope {
            data,
            event_attributes: EventAttributes {
                http_request: HttpRequest { client_ip: &client_ip, user_agent },
            },
            instance_id: &self.instance_id,
            object: "event",
            timestamp,
            r#type: event_type,
        };
        self.scratch.clear();
        #[expect(clippy::expect_used, reason = "structs with text keys, written into memory, cannot fail")]
        serde_json::to_writer(&mut self.scratch, &envelope).expect("an event is valid JSON");
        let body = Bytes::copy_from_slice(&self.scratch);
        self.outbox.push_back(Event { svix_id, event_type, timestamp, body });
    }
}
