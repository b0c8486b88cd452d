//! The command line of `clerk-mirror send`.

use std::{
    num::NonZeroU32,
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::anyhow;
use clap::Args;
use shared::{config::secret_texts, signature::Secret};

use crate::DataFolder;

use super::{
    client::Target,
    percent::Percent,
    plan::Plan,
    world::{EVENT_TYPES, INSTANCE_ID},
};

/// One day in milliseconds.
const DAY: i64 = 86_400_000;

/// Send signed synthetic events, as Clerk would
///
/// The events are those of a small made-up world: users sign up, verify addresses, turn on second factors, found
/// organizations, invite each other, subscribe, leave. They are coherent (nobody joins an organization that does
/// not exist), have the fields and sizes of Clerk's own, and each type of Clerk's catalogue is among the first
/// few hundred. Nothing of it is real: addresses and domains are reserved for examples.
///
/// The same seed and start send the same events, byte by byte, with the same svix-ids, every time: sending a run
/// again is what a replay of Clerk's is. Signatures are made when a request is sent, so they are always fresh.
///
/// A delivery that gets no answer, 429 or 5xx is tried again under the same svix-id. The exit code is 0 if every
/// event was answered 2xx in the end, otherwise 1. Ctrl-C stops sending and sums up what was sent.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Examples:
  clerk-mirror send --count 200
      200 events to the clerk-mirror on this machine
  clerk-mirror send --count 50000 --shuffle --duplicates 10%
      the worst that a webhook sender may do; the mirror must look as if all had come in order and once
  clerk-mirror send --type user.created --type user.updated --rate 50
      users only, fifty a second")]
pub struct SendArgs {
    /// Where to send to
    ///
    /// The path is the one clerk-mirror listens on. Only http://: where TLS is ended by a proxy, send to what
    /// is behind it.
    #[arg(long, default_value = "http://127.0.0.1:8080/webhooks/clerk")]
    pub url: Target,

    /// The signing secret, whsec_…
    ///
    /// Of several, separated by commas, the first signs. Without it the secret that the all-in-one made for
    /// itself is read from its data folder.
    #[arg(long, env = "CLERK_WEBHOOK_SECRET", hide_env_values = true)]
    pub secret: Option<String>,

    /// The data folder of the all-in-one
    #[arg(long, env = "DATA_DIR", default_value = "clerk-mirror-data")]
    pub data_dir: PathBuf,

    /// Send events of this type only; may be given several times
    ///
    /// The world runs its course all the same, and the events are the same bytes as without it: all others are
    /// left out.
    #[arg(long = "type", value_name = "TYPE", value_parser = event_type)]
    pub types: Vec<&'static str>,

    /// How many distinct events to send
    #[arg(long, default_value_t = 1_000)]
    pub count: u64,

    /// Requests a second; as fast as it goes without it
    ///
    /// Each request has its time by the clock, however long those before it take, as long as a connection is
    /// free for it.
    #[arg(long)]
    pub rate: Option<NonZeroU32>,

    /// Connections, each with one request at a time
    #[arg(long, default_value = "16")]
    pub concurrency: NonZeroU32,

    /// Send this share of the events a second time, at a random later place
    ///
    /// Duplicates are not part of --count. In runs of over 20000 events a duplicate is at most so many events
    /// behind.
    #[arg(long, value_name = "PERCENT", default_value = "0%")]
    pub duplicates: Percent,

    /// Send in random order
    ///
    /// Up to 100000 events the run is shuffled as a whole (which takes some 300 MB for as many); in longer runs
    /// an event changes places within a window of 20000. The order follows from the seed too.
    #[arg(long)]
    pub shuffle: bool,

    /// Which world to send from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// When the world begins: a date or a moment (2026-11-23, 2026-11-23T10:00:00Z); without it, today
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub start: Option<i64>,

    /// How long one attempt may take
    #[arg(long, default_value = "15s", value_parser = humantime::parse_duration)]
    pub timeout: Duration,

    /// How often to try again what got no answer, 429 or 5xx
    #[arg(long, default_value_t = 3)]
    pub retries: u32,

    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,

    /// The Clerk instance the events name
    #[arg(long, default_value = INSTANCE_ID)]
    pub instance_id: String,
}

impl SendArgs {
    /// Reads the secret, if it is in a file, and makes a plan of it all. Blocks.
    pub fn plan(self) -> anyhow::Result<Plan> {
        Ok(Plan {
            secret: self.signing_secret()?,
            target: self.url,
            seed: self.seed,
            start: self.start.unwrap_or_else(today),
            instance_id: self.instance_id,
            types: self.types,
            count: self.count,
            duplicates: self.duplicates,
            shuffle: self.shuffle,
            concurrency: self.concurrency.get() as usize,
            rate: self.rate.map(|rate| f64::from(rate.get())),
            timeout: self.timeout,
            retries: self.retries,
        })
    }

    fn signing_secret(&self) -> anyhow::Result<Secret> {
        if let Some(secrets) = self.secret.as_deref().filter(|secrets| !secrets.trim().is_empty()) {
            let first = secrets.split(',').next().unwrap_or_default();
            return first.parse().map_err(|error| anyhow!("--secret: {error}"));
        }
        let path = DataFolder::at(&self.data_dir).secret_file();
        let path_shown = path.display();
        let secret = std::fs::read_to_string(&path).map_err(|error| {
            anyhow!(
                "no signing secret: give --secret, set CLERK_WEBHOOK_SECRET, or start clerk-mirror once, \
                 which makes one ({path_shown}: {error})"
            )
        })?;
        let first = secret_texts(&secret).next().unwrap_or_default();
        first.parse().map_err(|error| anyhow!("{path_shown}: {error}"))
    }
}

/// In milliseconds since 1970.
fn moment(text: &str) -> Result<i64, String> {
    let midnight = format!("{text}T00:00:00Z");
    let moment = humantime::parse_rfc3339_weak(text).or_else(|_| humantime::parse_rfc3339_weak(&midnight));
    moment
        .map(millis)
        .map_err(|_| "neither a date (2026-11-23) nor a moment (2026-11-23T10:00:00Z)".to_owned())
}

/// The beginning of this day, in UTC.
fn today() -> i64 {
    let now = millis(SystemTime::now());
    now - now % DAY
}

fn millis(moment: SystemTime) -> i64 {
    moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

fn event_type(text: &str) -> Result<&'static str, String> {
    EVENT_TYPES
        .into_iter()
        .find(|known| *known == text)
        .ok_or_else(|| format!("not a type of Clerk's catalogue, which has: {}", EVENT_TYPES.join(", ")))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::send::world::START;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        send: SendArgs,
    }

    fn parse(arguments: &[&str]) -> Result<SendArgs, String> {
        let words = std::iter::once(&"send").chain(arguments);
        Program::try_parse_from(words).map(|program| program.send).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_make_a_plan() {
        let arguments = "--secret whsec_AAAA,whsec_BBBB --type user.created --type role.deleted --count 7 \
            --start 2026-01-01 --rate 5 --duplicates 10% --shuffle --timeout 2s --url http://localhost:1/x";
        let plan = parse(&arguments.split_ascii_whitespace().collect::<Vec<_>>()).unwrap().plan().unwrap();
        assert_eq!(plan.types, ["user.created", "role.deleted"]);
        assert_eq!(
            (plan.count, plan.rate, plan.shuffle, plan.timeout),
            (7, Some(5.0), true, Duration::from_secs(2))
        );
        assert_eq!((plan.deliveries(), plan.start), (8, START));
        let first: Secret = "whsec_AAAA".parse().unwrap();
        assert_eq!(plan.secret.sign("msg_1", 1, b"{}"), first.sign("msg_1", 1, b"{}"));
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_a_reason() {
        for (arguments, reason) in [
            (["--url", "https://example.com/"], "https:// is not supported"),
            (["--type", "user.banned"], "not a type of Clerk's catalogue"),
            (["--duplicates", "lots"], "expected a percentage"),
            (["--duplicates", "101%"], "between 0% and 100%"),
            (["--start", "soon"], "neither a date"),
            (["--rate", "0"], "invalid value '0'"),
            (["--concurrency", "0"], "invalid value '0'"),
        ] {
            let error = parse(&arguments).map(|_| ()).unwrap_err();
            assert!(error.contains(reason), "{arguments:?}: {error}");
        }
    }

    #[test]
    fn the_secret_of_the_data_folder_is_used_unless_one_is_given() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().to_str().unwrap();
        // An empty --secret is no secret: the test must not depend on its environment.
        let arguments = ["--secret", "", "--data-dir", folder];
        let error = parse(&arguments).unwrap().plan().unwrap_err().to_string();
        assert!(error.contains("no signing secret") && error.contains(folder), "{error}");
        let kept = DataFolder::at(temporary.path()).secret().unwrap();
        let plan = parse(&arguments).unwrap().plan().unwrap();
        let kept: Secret = kept.parse().unwrap();
        assert_eq!(plan.secret.sign("msg_1", 1, b"{}"), kept.sign("msg_1", 1, b"{}"));
        std::fs::write(DataFolder::at(temporary.path()).secret_file(), "whsec_!").unwrap();
        assert!(parse(&arguments).unwrap().plan().is_err());
    }
}
