//! Putting other signing secrets in force while the program runs.

use std::{future::pending, time::Duration};

use prometheus::{IntCounter, Registry};
use tokio::{signal::unix::Signal, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{
    ConfigError, SigningSecrets,
    signing_secrets::{Contents, SecretFiles},
};
use crate::signature::Verifier;

/// How often the files are read to see whether they have changed.
///
/// They are read, not watched: a watch follows a file or a folder, while Kubernetes swaps a symbolic link further up the
/// path, and network file systems report nothing. Reading a few hundred bytes every two seconds costs nothing and sees
/// every change, however it was made.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A change counts once it is seen twice, so that a file that is just being written is not taken for finished.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(250);

crate::metrics! {
    /// The metrics as they are registered.
    struct Registered {
        /// Times the signing secrets were read again, by result (`reloaded`, `unchanged`, `failed`: the old ones stayed in force).
        reloads: IntCounterVec = "clerk_mirror_secret_reloads_total" { "result" },
    }
}

/// What is measured of reloads.
#[derive(Debug, Clone)]
pub struct ReloadMetrics {
    reloaded: IntCounter,
    unchanged: IntCounter,
    failed: IntCounter,
}

impl ReloadMetrics {
    /// Makes the metrics and adds them to `registry`.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let reloads = Registered::register(registry)?.reloads;
        let count = |result| reloads.with_label_values(&[result]);
        Ok(Self { reloaded: count("reloaded"), unchanged: count("unchanged"), failed: count("failed") })
    }
}

/// Reads the secrets again on each hangup, and when their files have changed, until the process stops.
pub(crate) async fn follow(
    secrets: Option<SigningSecrets>,
    mut hangup: Signal,
    metrics: ReloadMetrics,
    shutdown: CancellationToken,
) {
    let following = async {
        match secrets.as_ref().and_then(|secrets| Some((secrets.verifier(), secrets.files()?))) {
            Some((verifier, (files, contents))) => {
                let looks = Looks { acted_on: Ok(contents.clone()), fresh: None };
                Follower { files, verifier, metrics, looks }.run(hangup).await
            }
            None => loop {
                next(&mut hangup).await;
                tracing::info!(signal = "SIGHUP", "nothing to reload: no signing secret comes from a file");
            },
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = following => {}
    }
}

async fn next(hangup: &mut Signal) {
    if hangup.recv().await.is_none() {
        // There will be no more; what else is waited for goes on.
        pending().await
    }
}

/// What one look at the files found.
type Look = Result<Contents, ConfigError>;

/// Which looks are acted on.
struct Looks {
    /// The last that was.
    acted_on: Look,
    /// One that differs from it and has been seen once.
    fresh: Option<Look>,
}

/// What to do about a look.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Wait,
    /// Acting on it changes nothing.
    Unchanged,
    Changed,
}

impl Looks {
    /// A change is acted on when it is seen for the second time in a row, or at once if somebody has asked.
    fn judge(&mut self, look: &Look, asked: bool) -> Verdict {
        let changed = *look != self.acted_on;
        let seen_before = self.fresh.take().is_some_and(|fresh| fresh == *look);
        if asked || (changed && seen_before) {
            self.acted_on = look.clone();
            return if changed { Verdict::Changed } else { Verdict::Unchanged };
        }
        self.fresh = changed.then(|| look.clone());
        Verdict::Wait
    }
}

struct Follower<'a> {
    files: &'a SecretFiles,
    verifier: &'a Verifier,
    metrics: ReloadMetrics,
    looks: Looks,
}

impl Follower<'_> {
    async fn run(mut self, mut hangup: Signal) {
        loop {
            let wait = if self.looks.fresh.is_some() { LOOK_AGAIN_AFTER } else { LOOK_EVERY };
            let asked = tokio::select! {
                () = next(&mut hangup) => true,
                () = sleep(wait) => false,
            };
            let look = self.look().await;
            match self.looks.judge(&look, asked) {
                Verdict::Wait => {}
                verdict => self.act_on(look, verdict == Verdict::Changed),
            }
        }
    }

    /// Files can hang, so they are read beside the runtime's own threads; one look at a time.
    async fn look(&self) -> Look {
        let files = self.files.clone();
        let read = tokio::task::spawn_blocking(move || files.read()).await;
        read.unwrap_or_else(|error| Err(ConfigError(format!("the files could not be read: {error}"))))
    }

    fn act_on(&self, look: Look, changed: bool) {
        match look.and_then(|contents| self.files.parse(&contents)) {
            Ok(secrets) if changed => {
                tracing::info!(secrets = secrets.len(), "signing secrets reloaded");
                self.verifier.replace(secrets);
                self.metrics.reloaded.inc();
            }
            Ok(secrets) => {
                tracing::info!(secrets = secrets.len(), "the signing secrets have not changed");
                self.metrics.unchanged.inc();
            }
            Err(error) => {
                let secrets = self.verifier.count();
                tracing::error!(%error, secrets, "the signing secrets cannot be reloaded, the old ones stay in force");
                self.metrics.failed.inc();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str) -> Look {
        Ok(Contents::of(text))
    }

    #[test]
    fn a_change_counts_once_it_is_seen_twice_in_a_row() {
        let mut looks = Looks { acted_on: look("old"), fresh: None };
        for (seen, verdict) in [
            ("old", Verdict::Wait),
            ("hal", Verdict::Wait),
            ("half", Verdict::Wait),
            ("half finished", Verdict::Wait),
            ("half finished", Verdict::Changed),
            ("half finished", Verdict::Wait),
            ("flicker", Verdict::Wait),
            ("half finished", Verdict::Wait),
            ("flicker", Verdict::Wait),
        ] {
            assert_eq!(looks.judge(&look(seen), false), verdict, "{seen}");
        }
    }

    #[test]
    fn who_asks_is_answered_at_once() {
        let mut looks = Looks { acted_on: look("old"), fresh: None };
        assert_eq!(looks.judge(&look("new"), true), Verdict::Changed);
        assert_eq!(looks.judge(&look("new"), false), Verdict::Wait);
        assert_eq!(looks.judge(&look("new"), true), Verdict::Unchanged);
        let gone = || Err(ConfigError::new("no such file"));
        assert_eq!(looks.judge(&gone(), false), Verdict::Wait);
        assert_eq!(looks.judge(&gone(), false), Verdict::Changed);
        for _ in 0..3 {
            assert_eq!(looks.judge(&gone(), false), Verdict::Wait, "a mistake is complained of once");
        }
    }
}
