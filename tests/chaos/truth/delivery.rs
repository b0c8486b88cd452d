//! How one event is delivered: as Svix does it, in less time.

use std::{
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use clerk_mirror::send::world::Dice;
use harness::{Client, Outcome};
use tokio::{
    select,
    sync::{Semaphore, watch},
    time::sleep,
};

use super::{
    attempt::{Answer, Attempt},
    record::Record,
    sender::SenderClock,
};
use crate::{oracle::event::Event, signed, stopwatch::Stopwatch};

/// The waits between the eight attempts, in milliseconds; Svix's are up to ten hours.
const SCHEDULE: [i64; 8] = [0, 500, 1000, 2000, 4000, 8000, 8000, 8000];
/// Each wait is longer or shorter by up to so much of it.
const JITTER_PERCENT: i64 = 20;
/// After the last attempt somebody has it sent again, and again.
const RECOVERY: Duration = Duration::from_millis(500);
/// Nobody waits longer for an answer (Svix: 15 s).
const ANSWER_DEADLINE: Duration = Duration::from_secs(3);
/// So many events that were accepted are sent once more,
const DUPLICATE_PERCENT: usize = 6;
/// up to so much later, in milliseconds.
const DUPLICATE_AFTER: i64 = 4000;
/// With so many events comes a request under the same id that somebody else has signed.
const FORGED_PERCENT: usize = 1;
/// So many requests are under way at once, at most.
const REQUESTS: usize = 256;
const STRANGER: &str = "whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA==";

/// What deliveries share.
pub struct Office {
    pub record: Record,
    pub clock: SenderClock,
    pub stopwatch: Stopwatch,
    /// Connections that nobody uses now, by line.
    idle: Vec<Mutex<Vec<Client>>>,
    endpoints: Vec<SocketAddr>,
    requests: Semaphore,
    /// Whether all that was wrong is over, and what waits is to be sent.
    pub settling: watch::Sender<bool>,
}

impl Office {
    pub fn new(clock: SenderClock, stopwatch: Stopwatch, endpoints: Vec<SocketAddr>) -> Self {
        Self {
            record: Record::default(),
            clock,
            stopwatch,
            idle: endpoints.iter().map(|_| Mutex::default()).collect(),
            endpoints,
            requests: Semaphore::new(REQUESTS),
            settling: watch::Sender::new(false),
        }
    }

    /// Delivers an event, however long it takes, and perhaps once more.
    pub async fn deliver(&self, number: usize, mut dice: Dice) {
        if dice.chance(FORGED_PERCENT) {
            self.forge(number, &mut dice).await;
        }
        self.until_accepted(number, &mut dice).await;
        if dice.chance(DUPLICATE_PERCENT) {
            sleep(Duration::from_millis(dice.between(0, DUPLICATE_AFTER).unsigned_abs())).await;
            self.attempt(number, &mut dice).await;
        }
    }

    async fn until_accepted(&self, number: usize, dice: &mut Dice) {
        let mut settling = self.settling.subscribe();
        for wait in SCHEDULE {
            let jitter = dice.between(100 - JITTER_PERCENT, 100 + JITTER_PERCENT);
            select! {
                () = sleep(Duration::from_millis((wait * jitter / 100).unsigned_abs())) => {}
                // The sender of the signal is in `self`.
                _ = settling.wait_for(|settling| *settling) => {}
            }
            if self.attempt(number, dice).await {
                return;
            }
        }
        let _ = settling.wait_for(|settling| *settling).await;
        while !self.attempt(number, dice).await {
            sleep(RECOVERY).await;
        }
    }

    /// One attempt; whether the event has been accepted by now.
    async fn attempt(&self, number: usize, dice: &mut Dice) -> bool {
        let sign = |timestamp| {
            self.record.of(number, |event| {
                let body = event.body();
                request(signed::SECRET, &event.svix_id, timestamp, &body)
            })
        };
        let attempt = self.exchange(dice.below(self.endpoints.len()), sign).await;
        self.record.attempted(number, attempt)
    }

    async fn forge(&self, number: usize, dice: &mut Dice) {
        let sign = |timestamp| {
            let forgery =
                |event: &Event| request(STRANGER, &format!("forged-{number}"), timestamp, &event.body());
            self.record.of(number, forgery)
        };
        let attempt = self.exchange(dice.below(self.endpoints.len()), sign).await;
        self.record.forged(attempt);
    }

    async fn exchange(&self, line: usize, sign: impl FnOnce(i64) -> Vec<u8>) -> Attempt {
        let _slot = self.requests.acquire().await;
        let drift = self.clock.drift();
        let request = sign(signed::now() + drift);
        let sent = self.stopwatch.now();
        let mut client = self.idle(line).pop().unwrap_or_else(|| Client::new(self.endpoints[line]));
        let answer = if client.connect().await {
            let outcome = client.send(&request, ANSWER_DEADLINE).await;
            if outcome != Outcome::Unanswered {
                self.idle(line).push(client);
            }
            Answer::from(outcome)
        } else {
            Answer::None
        };
        Attempt { sent, answered: self.stopwatch.now(), line, drift, answer }
    }

    fn idle(&self, line: usize) -> MutexGuard<'_, Vec<Client>> {
        self.idle[line].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn request(secret: &str, svix_id: &str, timestamp: i64, body: &[u8]) -> Vec<u8> {
    let headers = signed::headers_by(secret, svix_id, timestamp, body);
    let head = format!(
        "POST /webhooks/clerk HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
