//! The source of everything that is sent: the same seed and number, the same bytes, but for the time and the signatures
//! over it.

use clerk_mirror::send::world::Dice;

use super::{
    exchange::{Call, Event, Exchange},
    request::Request,
};
use crate::signed::now;

const NAME: &str = "hostile_";

/// The number of the exchange an event is from.
pub fn exchange_of(id: &str) -> Option<u64> {
    id.strip_prefix(NAME)?.split('_').next()?.parse().ok()
}

/// What one exchange is drawn from.
pub struct Generator {
    pub dice: Dice,
    pub now: i64,
    name: String,
    events: usize,
}

impl Generator {
    /// For the exchange of a number.
    pub fn new(seed: u64, number: u64) -> Self {
        let name = format!("{NAME}{number}");
        Self { dice: Dice::new(seed, number), now: now(), name, events: 0 }
    }

    /// A new event.
    pub fn event(&mut self) -> Event {
        let body = self.body();
        self.event_of(body)
    }

    /// A new event with this body.
    pub fn event_of(&mut self, body: impl Into<Vec<u8>>) -> Event {
        self.events += 1;
        let id = format!("{}_{}", self.name, self.events);
        Event { id, timestamp: self.now + self.dice.between(-200, 200), body: body.into() }
    }

    /// A body such as Clerk sends, mostly small.
    pub fn body(&mut self) -> Vec<u8> {
        let length = match self.dice.below(20) {
            0 => self.dice.below(20_000),
            1..5 => self.dice.below(2_000),
            _ => self.dice.below(200),
        };
        let text = self.text(length);
        let number = self.dice.below(1_000_000);
        format!(
            r#"{{"data":{{"id":"user_{number}","first_name":"{text}","updated_at":1700000000000}},"object":"event","timestamp":1700000000000,"type":"user.updated"}}"#
        )
        .into()
    }

    /// Letters, digits and spaces.
    pub fn text(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _";
        (0..length).map(|_| char::from(self.dice.pick(LETTERS))).collect()
    }

    /// Letters, as in a method or a header's name.
    pub fn token(&mut self, length: usize) -> String {
        self.text(length).replace([' ', '_'], "x")
    }

    /// Any bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 64);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.dice.bytes::<64>());
        }
        bytes.truncate(length);
        bytes
    }

    /// One of these, however many there are.
    pub fn one<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.dice.below(choices.len())]
    }

    /// A length of any magnitude up to `most`, small ones as often as large ones.
    pub fn magnitude(&mut self, most: usize) -> usize {
        let bits = self.dice.below(most.ilog2() as usize + 1) + 1;
        self.dice.below(1 << bits).min(most)
    }

    /// Puts elements into another order.
    pub fn shuffle<T>(&mut self, elements: &mut [T]) {
        for last in (1..elements.len()).rev() {
            elements.swap(last, self.dice.below(last + 1));
        }
    }

    /// Ends an exchange with a good request: whatever came before it, it is read from its first byte to its last.
    pub fn then_good(&mut self, exchange: Exchange) -> Exchange {
        let event = self.event();
        let request = Request::of(&event).closing().measured().bytes();
        exchange.call(Call::good(event), request)
    }
}
