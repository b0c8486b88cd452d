//! The time of a run: everything that happens is dated by one clock that starts at zero.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Runs from its making on.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    began: Instant,
    /// The same moment as the database's clock tells it, in microseconds since 1970.
    wall: i128,
}

impl Stopwatch {
    pub fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
        Self { began: Instant::now(), wall: wall.as_micros() as i128 }
    }

    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// When something happened that is dated in microseconds since 1970.
    pub fn at(&self, micros: i64) -> Duration {
        Duration::from_micros((i128::from(micros) - self.wall).max(0) as u64)
    }
}
