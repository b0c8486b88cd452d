//! Delivers as Svix does: signed when sent, under a timeout, again if it did not get through.

mod connection;
mod target;

pub use target::{InvalidTarget, Target};

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Request, StatusCode,
    header::{CONTENT_TYPE, HOST, HeaderValue, USER_AGENT},
};
use shared::signature::Secret;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use self::connection::Connection;
use super::{
    order::Delivery,
    summary::Tally,
    world::{Dice, Event},
};

const AGENT: &str = concat!("clerk-mirror-send/", env!("CARGO_PKG_VERSION"));
/// The pause before the first retry; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What all connections share.
#[derive(Debug)]
pub struct Courier {
    /// Where to.
    pub target: Target,
    /// What with.
    pub secret: Secret,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How often a delivery is tried again.
    pub retries: u32,
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No connection could be made.
    Connect,
    /// The connection broke before the answer was there.
    Broken,
    /// It took too long.
    Timeout,
}

impl Failure {
    /// The word for it in the summary.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Connect => "cannot connect",
            Self::Broken => "connection broken",
            Self::Timeout => "timeout",
        }
    }
}

/// One connection and what it has done. Sends one request at a time.
#[derive(Debug)]
pub struct Sender {
    courier: Arc<Courier>,
    connection: Option<Connection>,
    dice: Dice,
    tally: Tally,
}

impl Sender {
    /// A sender that connects when it has something to send.
    pub fn new(courier: Arc<Courier>, dice: Dice) -> Self {
        Self { courier, connection: None, dice, tally: Tally::default() }
    }

    /// What it has done.
    pub fn into_tally(self) -> Tally {
        self.tally
    }

    /// Delivers one event, with retries unless told to stop.
    pub async fn deliver(&mut self, delivery: &Delivery, stop: &CancellationToken) {
        self.tally.begin(delivery);
        for attempt in 0..=self.courier.retries {
            if attempt > 0 {
                tokio::select! {
                    () = sleep(pause_before(attempt, &mut self.dice)) => {}
                    () = stop.cancelled() => break,
                }
                self.tally.retries += 1;
            }
            match self.attempt(&delivery.event).await {
                Ok(status) if status.is_success() => {
                    if let Some(accepted) = &delivery.accepted {
                        accepted.store(true, Ordering::Relaxed);
                    }
                    return;
                }
                Ok(status) if !is_passing(status) => break,
                Ok(_) | Err(_) => {}
            }
        }
        self.tally.give_up(delivery);
    }

    async fn attempt(&mut self, event: &Event) -> Result<StatusCode, Failure> {
        self.tally.requests += 1;
        let started = Instant::now();
        let answer = timeout(self.courier.timeout, post(&self.courier, &mut self.connection, event))
            .await
            .unwrap_or(Err(Failure::Timeout));
        match answer {
            Ok(status) => self.tally.answer(status, started.elapsed()),
            Err(failure) => {
                // Whatever is left of it may still answer the request that was given up.
                self.connection = None;
                self.tally.fail(failure);
            }
        }
        answer
    }
}

/// Sends one event over the connection, a new one if it is gone.
async fn post(
    courier: &Courier,
    connection: &mut Option<Connection>,
    event: &Event,
) -> Result<StatusCode, Failure> {
    let usable = match connection.as_mut() {
        Some(open) => open.ready().await,
        None => false,
    };
    if !usable {
        *connection = None;
    }
    let connection = match connection {
        Some(open) => open,
        None => connection.insert(Connection::open(&courier.target).await?),
    };
    let request = request(courier, event).map_err(|_| Failure::Broken)?;
    connection.post(request).await
}

/// The request, signed now.
fn request(courier: &Courier, event: &Event) -> hyper::http::Result<Request<Full<Bytes>>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() as i64;
    let svix_id = event.svix_id.as_str();
    Request::builder()
        .method(Method::POST)
        .uri(courier.target.path())
        .header(HOST, courier.target.authority())
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header(USER_AGENT, HeaderValue::from_static(AGENT))
        .header("svix-id", svix_id)
        .header("svix-timestamp", now)
        .header("svix-signature", courier.secret.sign(svix_id, now, &event.body))
        .body(Full::new(event.body.clone()))
}

/// Whether an answer may be another one soon.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

/// Doubles from try to try, and is somewhere between half of that and all of it.
fn pause_before(attempt: u32, dice: &mut Dice) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST_PAUSE);
    longest.mul_f64(dice.between(50, 100) as f64 / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit() {
        let mut dice = Dice::new(1, 0);
        for attempt in 1..40 {
            let pause = pause_before(attempt, &mut dice);
            let longest = FIRST_PAUSE.saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST_PAUSE);
            assert!(pause >= longest / 2 && pause <= longest, "{attempt}: {pause:?}");
        }
    }

    #[test]
    fn only_answers_that_may_change_are_asked_for_again() {
        for (status, passing) in
            [(500, true), (503, true), (429, true), (400, false), (413, false), (302, false)]
        {
            assert_eq!(is_passing(StatusCode::from_u16(status).unwrap()), passing, "{status}");
        }
    }
}
