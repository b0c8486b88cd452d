//! Dead letters: what the queue has given up on is recorded in the ledger, one message at a time, and only then removed.
//!
//! Whatever ended the workers that took it, it does not do so for ever: what comes back from here is not parsed any more.

use std::{sync::Arc, time::Duration};

use shared::{
    delivery::Delivery,
    lifecycle::Backoff,
    queue::{Cause, DeadLetter, DeadLetters},
};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use crate::{
    apply::apply_batch,
    event::{Entry, Redacted},
    store::{Outcome, Store, StoreError},
    target::Target,
};

/// How often to look. A dead letter has waited for long before it became one.
const EVERY: Duration = Duration::from_secs(2);
/// The waits after a failure of queue or database. It makes nobody unready: events are applied meanwhile.
const RETRY: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));

/// Takes dead letters out of the queue, beside the lanes.
pub(crate) struct Undertaker {
    pub(crate) letters: Box<dyn DeadLetters>,
    pub(crate) target: Target,
    pub(crate) shutdown: CancellationToken,
}

impl Undertaker {
    /// Runs until the process stops. An error is a panic: the process ends, and the letter comes back to be read with more care.
    pub(crate) async fn run(mut self) -> Result<(), JoinError> {
        self.drain().await?;
        self.letters.close().await;
        Ok(())
    }

    async fn drain(&mut self) -> Result<(), JoinError> {
        let shutdown = self.shutdown.clone();
        let mut retry = RETRY;
        // The lanes come first: while a letter is in hand, nothing that ends workers can be taken alone.
        let mut wait = EVERY;
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                () = tokio::time::sleep(wait) => {}
            }
            let next = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                next = self.next() => next?,
            };
            wait = match next {
                Ok(Some(letter)) => {
                    retry.reset();
                    if !self.bury(letter).await? {
                        return Ok(());
                    }
                    Duration::ZERO
                }
                Ok(None) => {
                    retry.reset();
                    EVERY
                }
                Err(error) => {
                    tracing::warn!(error, "cannot take dead letters");
                    retry.next_delay()
                }
            };
        }
    }

    /// The next letter. None is taken while the database is away: were the process stopped with it in hand, it would have
    /// come back.
    async fn next(&mut self) -> Result<Result<Option<DeadLetter>, String>, JoinError> {
        if let Err(error) = self.target.block(|target| target.store.ping()).await? {
            return Ok(Err(format!("the database is away: {error}")));
        }
        Ok(self.letters.take().await.map_err(|error| error.to_string()))
    }

    /// Records and acknowledges a letter. False if the process stopped before the database could take it.
    async fn bury(&mut self, letter: DeadLetter) -> Result<bool, JoinError> {
        let DeadLetter { deliveries, cause, parse, defect, receipt } = letter;
        let burial = Arc::new(Burial {
            deliveries,
            parse,
            cause,
            reason: defect.map_or_else(|| cause.to_string(), |defect| format!("{cause}; {defect}")),
        });
        let mut retry = RETRY;
        while let Err(error) = self
            .target
            .block({
                let burial = burial.clone();
                move |target| burial.record(target)
            })
            .await?
        {
            self.target.metrics.retries.inc();
            let wait = retry.next_delay();
            tracing::warn!(%error, ?wait, "the database cannot take a dead letter now, trying again");
            tokio::select! {
                () = self.shutdown.cancelled() => return Ok(false),
                () = tokio::time::sleep(wait) => {}
            }
        }
        if let Err(error) = receipt.acknowledge().await {
            tracing::warn!(%error, "a dead letter was recorded but not acknowledged, it will come again");
        }
        Ok(true)
    }
}

/// What is to be recorded of one letter.
struct Burial {
    deliveries: Vec<Delivery>,
    parse: bool,
    cause: Cause,
    reason: String,
}

impl Burial {
    fn record(&self, target: &Target) -> Result<(), StoreError> {
        let Target { store, policy, metrics, .. } = target;
        let read = if self.parse { Redacted::new } else { Redacted::unparsed };
        let redacted: Vec<_> = self.deliveries.iter().map(read).collect();
        let (mut fresh, mut known) = (Vec::new(), Vec::new());
        for redacted in &redacted {
            let entry = redacted.dead_letter(policy, &self.reason);
            if self.is_known(&**store, &entry)? { known.push(entry) } else { fresh.push(entry) }
        }
        let outcomes = apply_batch(&**store, &fresh)?;
        let known = known.iter().map(|entry| (entry, Outcome::Duplicate));
        for (entry, outcome) in fresh.iter().zip(outcomes).chain(known) {
            tracing::warn!(svix_id = %entry.svix_id, cause = self.cause.as_str(), %outcome, "a dead letter is accounted for");
            metrics.dead_letter(self.cause, entry, outcome);
        }
        Ok(())
    }

    /// Whether the ledger has the event, where it would not notice by itself: its rows are told apart by when they occurred,
    /// too, and what is not parsed is dated by its svix-id alone.
    fn is_known(&self, store: &dyn Store, entry: &Entry<'_>) -> Result<bool, StoreError> {
        Ok(!self.parse && store.event(&entry.svix_id)?.is_some())
    }
}
