//! One writer thread: whatever waits while it commits goes into its next commit.

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use diesel::{ExpressionMethods, RunQueryDsl, SqliteConnection};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::file::{Durability, deliveries, open};
use crate::{
    delivery::Delivery,
    lifecycle::Check,
    queue::{
        PublishError, PublishLimits, Publisher, QueueError,
        metrics::{PublisherMetrics, State},
    },
    signature::Verified,
};

/// The most deliveries in one commit.
const GROUP: usize = 500;

/// Appends deliveries to the file.
pub struct SqlitePublisher {
    writer: mpsc::Sender<Request>,
    deadline: Duration,
    metrics: PublisherMetrics,
    stop: CancellationToken,
    stopped: CancellationToken,
}

struct Request {
    delivery: Delivery,
    answer: oneshot::Sender<Result<(), PublishError>>,
}

impl SqlitePublisher {
    pub(in crate::queue) fn open(
        path: &Path,
        limits: PublishLimits,
        metrics: PublisherMetrics,
        check: Check,
    ) -> Result<Self, QueueError> {
        let connection = open(path, Durability::Full)?;
        let (writer, requests) = mpsc::channel(limits.waiting);
        let (stop, stopped) = (CancellationToken::new(), CancellationToken::new());
        let writing =
            Writing { connection, requests, metrics: metrics.clone(), check, stopped: stopped.clone() };
        let runtime = tokio::runtime::Handle::current();
        let stopping = stop.clone();
        std::thread::Builder::new()
            .name("queue-writer".into())
            .spawn(move || writing.run(&runtime, &stopping))
            .map_err(|error| QueueError(format!("the queue's writer cannot be started: {error}")))?;
        Ok(Self { writer, deadline: limits.deadline, metrics, stop, stopped })
    }
}

#[async_trait]
impl Publisher for SqlitePublisher {
    async fn publish(&self, delivery: Verified) -> Result<(), PublishError> {
        let (answer, answered) = oneshot::channel();
        let request = Request { delivery: delivery.into_delivery(), answer };
        // Counted first, so that the gauge is never below zero.
        self.metrics.waiting(1);
        self.writer.try_send(request).map_err(|error| {
            self.metrics.waiting(-1);
            match error {
                mpsc::error::TrySendError::Full(_) => PublishError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => PublishError::Unavailable,
            }
        })?;
        match timeout(self.deadline, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(PublishError::Unavailable),
            Err(_) => Err(PublishError::TimedOut),
        }
    }

    async fn close(&self) {
        self.stop.cancel();
        self.stopped.cancelled().await;
    }
}

struct Writing {
    connection: SqliteConnection,
    requests: mpsc::Receiver<Request>,
    metrics: PublisherMetrics,
    check: Check,
    stopped: CancellationToken,
}

impl Writing {
    fn run(mut self, runtime: &tokio::runtime::Handle, stop: &CancellationToken) {
        self.stands(Ok(()));
        let mut group = Vec::with_capacity(GROUP);
        loop {
            let received = runtime.block_on(async {
                tokio::select! {
                    biased;
                    count = self.requests.recv_many(&mut group, GROUP) => count,
                    () = stop.cancelled() => 0,
                }
            });
            if received == 0 {
                break;
            }
            self.metrics.waiting(-(received as i64));
            self.commit(&mut group);
        }
        self.stands(Err("closed".into()));
        self.stopped.cancel();
    }

    fn stands(&self, how: Result<(), String>) {
        self.metrics.state(if how.is_ok() { State::Up } else { State::Away });
        match how {
            Ok(()) => self.check.pass(),
            Err(reason) => self.check.fail(reason),
        }
    }

    fn commit(&mut self, group: &mut Vec<Request>) {
        let unconfirmed = self.metrics.sent(group.len());
        let committed = self.connection.immediate_transaction(|connection| {
            group.iter().try_for_each(|request| insert(connection, &request.delivery))
        });
        match &committed {
            Ok(()) => {
                self.metrics.confirmed(&unconfirmed);
                self.stands(Ok(()));
            }
            Err(error) => {
                tracing::error!(error = %error, deliveries = group.len(), "the queue file cannot be written");
                self.stands(Err(format!("the queue file cannot be written: {error}")));
            }
        }
        for request in group.drain(..) {
            let result =
                committed.as_ref().copied().map_err(|error| PublishError::Refused(error.to_string()));
            // Whoever no longer waits will send again.
            let _ = request.answer.send(result);
        }
    }
}

fn insert(connection: &mut SqliteConnection, delivery: &Delivery) -> diesel::QueryResult<()> {
    diesel::insert_into(deliveries::table)
        .values((
            deliveries::svix_id.eq(&delivery.svix_id),
            deliveries::svix_timestamp.eq(delivery.svix_timestamp),
            deliveries::svix_signature.eq(&delivery.svix_signature),
            deliveries::received_at.eq(delivery.received_at),
            deliveries::traceparent.eq(&delivery.traceparent),
            deliveries::body.eq(&*delivery.body),
        ))
        .execute(connection)
        .map(drop)
}
