//! Running the edge.

use std::{net::TcpListener, pin::pin, time::Duration};

use actix_web::{
    App, HttpServer,
    dev::Service,
    http::ConnectionType,
    web::{self, Data},
};
use anyhow::Context;
use shared::{
    lifecycle::{Check, Process},
    queue::open_publisher,
};
use tokio::time::timeout;

use crate::{
    config::Config,
    endpoint::{Edge, PATH, method_not_allowed, not_found, receive},
    metrics::Metrics,
};

/// Longer than the idle time of the usual load balancers, so that they close connections and not we.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

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
    let publisher = open_publisher(&config.queue, config.publish.clone(), queue)?;
    let edge = Data::new(Edge { verifier, publisher: publisher.clone(), limits: config.body, metrics });
    let address = listener.local_addr()?;
    let readiness = process.readiness.clone();
    let server = HttpServer::new(move || {
        let readiness = readiness.clone();
        App::new()
            .app_data(edge.clone())
            // While the process is stopping, kept-alive connections are told to go elsewhere.
            .wrap_fn(move |request, service| {
                let (answer, readiness) = (service.call(request), readiness.clone());
                async move {
                    let mut answer = answer.await?;
                    if readiness.is_shut() {
                        answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
                    }
                    Ok(answer)
                }
            })
            .service(
                web::resource(PATH)
                    .route(web::post().to(receive))
                    .default_service(web::to(method_not_allowed)),
            )
            .default_service(web::to(not_found))
    })
    .client_request_timeout(config.head_timeout)
    .keep_alive(KEEP_ALIVE)
    // Never reached: the time to finish is measured below, to less than a second.
    .shutdown_timeout(config.shutdown_timeout.as_secs() + 1)
    .disable_signals()
    .listen(listener)
    .context("cannot receive webhooks")?
    .run();
    tracing::info!(address = %address, path = PATH, queue = %config.queue, "receiving webhooks");

    let handle = server.handle();
    let stopping = async {
        process.shutdown.cancelled().await;
        tokio::time::sleep(config.drain_delay).await;
        // Closes idle connections, and the others once their request is answered.
        let mut finished = pin!(handle.stop(true));
        if timeout(config.time_to_finish(), &mut finished).await.is_err() {
            tracing::warn!("requests are given up: they were not answered within the time for the shutdown");
            process.fail();
            // Refuses those that wait for the queue, so that they are at least answered.
            publisher.close().await;
            finished.await;
        }
    };
    let (served, ()) = tokio::join!(server, stopping);
    // Only now: what was in flight needed it.
    publisher.close().await;
    served.context("the HTTP server failed")
}
