//! Running the edge.

use std::{net::TcpListener, pin::pin};

use actix_web::web::Data;
use anyhow::Context;
use shared::{
    lifecycle::{Check, Process},
    queue::open_publisher,
};
use tokio::time::timeout;

use crate::{
    config::Config,
    endpoint::{Budget, Edge, PATH},
    metrics::Metrics,
    server::{Acceptor, descriptors, server},
};

/// Receives webhooks on `listener` until the process stops, then finishes what is in flight.
///
/// From the call on, and not only once the future runs, the process is not ready until the edge is.
pub fn serve(
    config: Config,
    listener: TcpListener,
    process: Process,
) -> impl Future<Output = anyhow::Result<()>> + Send {
    let queue = process.readiness.check("queue (publishing)");
    run(config, listener, process, queue)
}

async fn run(config: Config, listener: TcpListener, process: Process, queue: Check) -> anyhow::Result<()> {
    let verifier = config.secrets.verifier().clone();
    let metrics = Metrics::register(&process.registry, verifier.count())?;
    let acceptor = match &config.certificate {
        Some(certificate) => Acceptor::Tls(certificate.acceptor(metrics.tls())?),
        None => Acceptor::Plain,
    };
    let scheme = acceptor.scheme();
    let (limits, time_to_finish) = (config.server_limits(), config.time_to_finish());
    let publisher = open_publisher(&config.queue, config.publish, metrics.queue.clone(), queue)?;
    let edge = Data::new(Edge {
        verifier,
        publisher: publisher.clone(),
        sources: config.sources,
        limits: config.body,
        budget: Budget::new(config.body_memory, metrics.body_bytes()),
        metrics: metrics.clone(),
        readiness: process.readiness.clone(),
    });
    let address = listener.local_addr()?;
    descriptors::allow(config.connections);
    let server = server(listener, acceptor, edge, limits).context("cannot receive webhooks")?;
    tracing::info!(address = %address, scheme, path = PATH, queue = %config.queue, "receiving webhooks");

    let handle = server.handle();
    let stopping = async {
        process.shutdown.cancelled().await;
        tokio::time::sleep(config.drain_delay).await;
        // Closes idle connections, and the others once their request is answered.
        let mut finished = pin!(handle.stop(true));
        if timeout(time_to_finish, &mut finished).await.is_err() {
            tracing::warn!("requests are given up: they were not answered within the time for the shutdown");
            process.fail();
            // Refuses those that wait for the queue, so that they are at least answered.
            publisher.close().await;
            finished.await;
        }
    };
    let following = async {
        if let Some(certificate) = config.certificate {
            process.shutdown.run_until_cancelled(certificate.follow(metrics.tls())).await;
        }
    };
    let (served, (), _) = tokio::join!(server, stopping, following);
    // Only now: what was in flight needed it.
    publisher.close().await;
    served.context("the HTTP server failed")
}
