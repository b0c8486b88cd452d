//! The command line.

use std::{
    env,
    num::NonZeroU16,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, Parser};

/// What every benchmark can be told.
#[derive(Debug, Args)]
pub struct Options {
    /// How many rounds; each measures everything once, in turn
    #[arg(long, env = "BENCH_ROUNDS", default_value = "5", value_name = "NUMBER")]
    rounds: NonZeroU16,
    /// How many seconds one measurement takes, roughly
    #[arg(long, env = "BENCH_SECONDS", default_value = "5", value_name = "NUMBER")]
    seconds: NonZeroU16,
    /// Where to write the results as JSON, instead of below target/bench
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Reads the command line; `None` unless `cargo bench` runs this program. `cargo test --all-targets` runs it too, with
/// whatever arguments its tests take, and must not measure.
pub fn parse<P: Parser>() -> Option<P> {
    if !env::args().any(|argument| argument == "--bench") {
        eprintln!("nothing is measured: run `cargo bench`");
        return None;
    }
    Some(P::parse())
}

impl Options {
    pub fn rounds(&self) -> usize {
        self.rounds.get().into()
    }

    pub fn seconds(&self) -> u16 {
        self.seconds.get()
    }

    /// How long one measurement takes.
    pub fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds().into())
    }

    /// Where the results of the benchmark `name` go.
    pub fn json(&self, name: &str) -> PathBuf {
        self.json.clone().unwrap_or_else(|| results_folder().join(format!("{name}.json")))
    }
}

/// Where results go unless somebody says otherwise.
pub fn results_folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench")
}
