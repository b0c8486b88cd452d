//! One writer thread: whatever waits while it commits goes into its next commit.

use std::path::Path;

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
    queue::{PublishError, PublishLimits, Publisher, QueueError},
    signature::Verified,
};

/// The most deliveries in one commit.
const GROUP: usize = 500;

/// Appends deliveries to the file.
pub struct SqlitePublisher {
    writer: mpsc::Sender<Request>,
    limits: PublishLimits,
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
        check: Check,
    ) -> Result<Self, QueueError> {
        let connection = open(path, Durability::Full)?;
        let (writer, requests) = mpsc::channel(limits.in_flight + limits.waiting);
        let (stop, stopped) = (CancellationToken::new(), CancellationToken::new());
        let writing = Writing { connection, requests, check, stopped: stopped.clone() };
        let runtime = tokio::runtime::Handle::current();
        let stopping = stop.clone();
        std::thread::Builder::new()
            .name("queue-writer".into())
            .spawn(move || writing.run(&runtime, &stopping))
            .map_err(|error| QueueError(format!("the queue's writer cannot be started: {error}")))?;
        Ok(Self { writer, limits, stop, stopped })
    }
}

#[async_trait]
impl Publisher for SqlitePublisher {
    async fn publish(&self, delivery: Verified) -> Result<(), PublishError> {
        let (answer, answered) = oneshot::channel();
        let request = Request { delivery: delivery.into_delivery(), answer };
        self.writer.try_send(request).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => PublishError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => PublishError::Unavailable,
        })?;
        match timeout(self.limits.deadline, answered).await {
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
    check: Check,
    stopped: CancellationToken,
}

impl Writing {
    fn run(mut self, runtime: &tokio::runtime::Handle, stop: &CancellationToken) {
        self.check.pass();
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
            self.commit(&mut group);
        }
        self.check.fail("closed");
        self.stopped.cancel();
    }

    fn commit(&mut self, group: &mut Vec<Request>) {
        let committed = self.connection.immediate_transaction(|connection| {
            group.iter().try_for_each(|request| insert(connection, &request.delivery))
        });
        match &committed {
            Ok(()) => self.check.pass(),
            Err(error) => {
                tracing::error!(error = %error, deliveries = group.len(), "the queue file cannot be written");
                self.check.fail(format!("the queue file cannot be written: {error}"));
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
