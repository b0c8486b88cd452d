//! A sender that can say afterwards what became of every single request.
//!
//! Unlike [`crate::load`] it goes on when its connections fail: that is when the account matters.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::runtime::Builder;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::client::{Client, Outcome};

/// Nobody answers so late: a request without an answer by then never gets one.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);
const BEFORE_RECONNECTING: Duration = Duration::from_millis(10);

/// How many requests came to what.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Begun: their numbers are those below.
    pub sent: usize,
    /// Answered with a 2xx.
    pub accepted: usize,
    /// Answered with anything else.
    pub refused: usize,
    /// Not answered.
    pub unanswered: usize,
    /// The longest time from one 2xx to the next, or from the last one to now.
    pub longest_gap: Duration,
}

impl Tally {
    /// How many have neither been answered nor failed.
    pub fn in_flight(&self) -> usize {
        self.sent - self.accepted - self.refused - self.unanswered
    }
}

/// How hard to send.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Keep-alive connections, each with one request in flight at most.
    pub connections: usize,
    /// The least time from one request of a connection to its next. What a stall has held up is not made up for.
    pub every: Duration,
}

/// Sends in the background until it is stopped or dropped. A connection that fails is opened again, however long
/// that takes, for the next request.
#[derive(Debug)]
pub struct Sender {
    record: Arc<Mutex<Record>>,
    /// `Some` until it is stopped.
    thread: Option<JoinHandle<io::Result<()>>>,
}

#[derive(Debug, Default)]
struct Record {
    /// By number; `None` while in flight.
    outcomes: Vec<Option<Outcome>>,
    tally: Tally,
    last_accepted: Option<Instant>,
    stopped: bool,
}

impl Sender {
    /// Starts sending what `request` makes (head and body) of the numbers from zero up.
    ///
    /// # Panics
    /// If no thread can be started.
    pub fn start<R>(address: SocketAddr, pace: Pace, request: R) -> Self
    where
        R: Fn(usize) -> Vec<u8> + Send + 'static,
    {
        let record = Arc::new(Mutex::new(Record::default()));
        let connections = Connections { address, pace, request, record: Arc::clone(&record) };
        let thread = thread::Builder::new().name("sender".into()).spawn(move || connections.run());
        Self { record, thread: Some(thread.expect("a thread")) }
    }

    /// How things stand.
    pub fn tally(&self) -> Tally {
        let record = lock(&self.record);
        Tally { longest_gap: record.longest_gap(), ..record.tally }
    }

    /// Sends nothing more, waits for the answers still to come, and says by number what became of each request.
    ///
    /// # Panics
    /// If the sender itself has failed.
    pub fn stop(mut self) -> Vec<Outcome> {
        lock(&self.record).stopped = true;
        let thread = self.thread.take().expect("stopped once");
        thread.join().expect("the sender does not panic").expect("the sender has a runtime");
        let outcomes = std::mem::take(&mut lock(&self.record).outcomes);
        outcomes.into_iter().map(|outcome| outcome.expect("none is in flight any more")).collect()
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        lock(&self.record).stopped = true;
    }
}

struct Connections<R> {
    address: SocketAddr,
    pace: Pace,
    request: R,
    record: Arc<Mutex<Record>>,
}

impl<R: Fn(usize) -> Vec<u8>> Connections<R> {
    fn run(&self) -> io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(join_all((0..self.pace.connections).map(|_| self.drive())));
        Ok(())
    }

    async fn drive(&self) {
        let mut due = interval(self.pace.every);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut client = Client::new(self.address);
        loop {
            due.tick().await;
            if !self.connected(&mut client).await {
                return;
            }
            let Some(number) = lock(&self.record).begin() else { return };
            let outcome = client.send(&(self.request)(number), ANSWER_DEADLINE).await;
            lock(&self.record).end(number, outcome);
        }
    }

    /// Connects, however long it takes; false once the sender is stopped.
    async fn connected(&self, client: &mut Client) -> bool {
        while !client.connect().await {
            if lock(&self.record).stopped {
                return false;
            }
            sleep(BEFORE_RECONNECTING).await;
        }
        true
    }
}

impl Record {
    /// The number of the next request, unless there is to be none.
    fn begin(&mut self) -> Option<usize> {
        if self.stopped {
            return None;
        }
        self.outcomes.push(None);
        self.tally.sent += 1;
        Some(self.outcomes.len() - 1)
    }

    fn end(&mut self, number: usize, outcome: Outcome) {
        match outcome {
            Outcome::Answered { .. } if outcome.is_accepted() => {
                self.tally.accepted += 1;
                self.tally.longest_gap = self.longest_gap();
                self.last_accepted = Some(Instant::now());
            }
            Outcome::Answered { .. } => self.tally.refused += 1,
            Outcome::Unanswered => self.tally.unanswered += 1,
        }
        self.outcomes[number] = Some(outcome);
    }

    fn longest_gap(&self) -> Duration {
        let lasting = self.last_accepted.map_or(Duration::ZERO, |accepted| accepted.elapsed());
        self.tally.longest_gap.max(lasting)
    }
}

fn lock(record: &Mutex<Record>) -> MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}
