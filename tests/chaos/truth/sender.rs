//! Sends the events of a seed at a steady pace until it is told to settle, each until it is accepted.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use clerk_mirror::send::world::Dice;
use tokio::{
    runtime::Builder,
    task::JoinSet,
    time::{sleep_until, timeout},
};

use super::{
    delivery::Office,
    feed::Feed,
    record::{Tally, Truth},
};
use crate::stopwatch::Stopwatch;

/// The first stream of the seed's draws that a delivery takes: each has one of its own.
const STREAM: u64 = 1 << 32;
/// Once all is well, every event is accepted long before.
const PATIENCE: Duration = Duration::from_secs(90);

/// How many seconds the sender's clock is ahead.
#[derive(Debug, Clone, Default)]
pub struct SenderClock(Arc<AtomicI64>);

impl SenderClock {
    pub fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }

    pub fn drift(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub seed: u64,
    /// How many events a second.
    pub rate: u32,
}

/// Sends in the background.
pub struct Sender {
    office: Arc<Office>,
    thread: JoinHandle<()>,
}

impl Sender {
    pub fn start(load: Load, clock: SenderClock, stopwatch: Stopwatch, endpoints: Vec<SocketAddr>) -> Self {
        let office = Arc::new(Office::new(clock, stopwatch, endpoints));
        let thread = {
            let office = office.clone();
            thread::Builder::new().name("sender".into()).spawn(move || send(&office, load)).expect("a thread")
        };
        Self { office, thread }
    }

    pub fn tally(&self) -> Tally {
        self.office.record.tally()
    }

    /// Whether every event has been accepted, or has been given up.
    pub fn is_done(&self) -> bool {
        self.thread.is_finished()
    }

    /// Sends nothing new any more, and what waits to be sent again now and until it is accepted. Nothing may be wrong.
    pub fn settle(&self) {
        self.office.settling.send_replace(true);
    }

    /// Waits until all is sent. What is not accepted by then never was.
    pub fn finish(self) -> Truth {
        self.thread.join().expect("the sender does not panic");
        self.office.record.take()
    }
}

fn send(office: &Arc<Office>, Load { seed, rate }: Load) {
    // The feed is in no future: what it is made of is not made for threads.
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let began = Instant::now();
    runtime.block_on(async {
        let mut deliveries = JoinSet::new();
        for (number, event) in Feed::new(seed).enumerate() {
            sleep_until((began + Duration::from_secs(1) * number as u32 / rate).into()).await;
            if *office.settling.borrow() {
                break;
            }
            let number = office.record.begin(event);
            let (office, dice) = (office.clone(), Dice::new(seed, STREAM + number as u64));
            deliveries.spawn(async move { office.deliver(number, dice).await });
            while deliveries.try_join_next().is_some() {}
        }
        let _ = timeout(PATIENCE, async { while deliveries.join_next().await.is_some() {} }).await;
    });
}
