//! What a run is told, by environment variables.

use std::{env, fmt, path::PathBuf, str::FromStr, time::Duration};

/// Of the short run: any will do, and it is always the same.
const SEED: u64 = 1;
/// Enough for every fault to meet events on their way, on a machine that is busy with other things.
const RATE: u32 = 60;
const LEAST: Duration = Duration::from_secs(30);

/// What a run is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Settles the events, the faults and the sender's draws.
    pub seed: u64,
    pub length: Length,
    /// How many events a second are sent for the first time.
    pub rate: u32,
    /// Where the report goes.
    pub report: PathBuf,
}

/// How long faults go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Until each kind of fault has happened once; each is brief.
    EachFaultOnce,
    /// For so long.
    For(Duration),
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EachFaultOnce => f.write_str("each kind of fault once"),
            Self::For(time) => write!(f, "faults for {:.0} s", time.as_secs_f64()),
        }
    }
}

impl Options {
    pub fn from_environment() -> Self {
        let minutes: Option<f64> = variable("CHAOS_MINUTES");
        let length = minutes.map_or(Length::EachFaultOnce, |minutes| {
            Length::For(Duration::from_secs_f64(minutes * 60.0).max(LEAST))
        });
        let seed = variable("CHAOS_SEED").unwrap_or(SEED);
        let report = variable("CHAOS_REPORT").unwrap_or_else(|| {
            let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
            target.with_file_name("chaos").join(format!("seed-{seed}.json"))
        });
        Self { seed, length, rate: variable("CHAOS_RATE").unwrap_or(RATE), report }
    }
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, which it cannot be")))
}
