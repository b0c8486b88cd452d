//! The HTTP server: sockets in, requests to the endpoint.

mod acceptor;
mod connection;
pub(crate) mod descriptors;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;

pub(crate) use acceptor::Acceptor;
pub(crate) use tls::Certificate;

use std::{io, net::TcpListener, num::NonZeroUsize, thread, time::Duration};

use actix_http::{HttpService, error::DispatchError};
use actix_server::Server;
use actix_service::{ServiceFactoryExt, fn_service, map_config};
use actix_web::{
    App,
    dev::AppConfig,
    web::{self, Data},
};
use tokio::net::TcpStream;

use self::connection::{Connection, Patience};
use crate::endpoint::{Edge, PATH, method_not_allowed, not_found, receive};

/// Longer than the idle time of the usual load balancers, so that they close connections and not we.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How much longer the connection's own limits are than those whose end is an answer.
const GRACE: Duration = Duration::from_secs(2);

/// What the server does not let clients exceed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerLimits {
    /// For the head of a connection's first request to arrive.
    pub(crate) head_timeout: Duration,
    /// From a request's first byte to its answer, at most, if all goes as slowly as it may.
    pub(crate) exchange: Duration,
    /// How many connections are open at once; more wait to be accepted.
    pub(crate) connections: u32,
    /// How long requests may take to finish once the server stops.
    pub(crate) shutdown: Duration,
}

/// A server on `listener`, to be run.
///
/// Not actix-web's `HttpServer`, which gives no hold on the stream between the socket and its dispatcher.
pub(crate) fn server(
    listener: TcpListener,
    acceptor: Acceptor,
    edge: Data<Edge>,
    limits: ServerLimits,
) -> io::Result<Server> {
    let patience = Patience { exchange: limits.exchange + GRACE, idle: KEEP_ALIVE + GRACE };
    let threads =
        thread::available_parallelism().map_or(2, NonZeroUsize::get).min(limits.connections as usize);
    let builder = Server::build()
        .workers(threads)
        .max_concurrent_connections(limits.connections as usize / threads)
        .shutdown_timeout(limits.shutdown.as_secs())
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let service = move || {
        let app = App::new()
            .app_data(edge.clone())
            .service(
                web::resource(PATH)
                    .route(web::post().to(receive))
                    .default_service(web::to(method_not_allowed)),
            )
            .default_service(web::to(not_found));
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_request_timeout(limits.head_timeout)
            .client_disconnect_timeout(Duration::from_secs(1))
            .keep_alive(KEEP_ALIVE)
            .h1(map_config(app, |()| AppConfig::default()));
        let (acceptor, metrics) = (acceptor.clone(), edge.metrics.connections());
        fn_service(move |socket: TcpStream| {
            let (acceptor, metrics) = (acceptor.clone(), metrics.clone());
            async move {
                let peer = socket.peer_addr().ok();
                // Otherwise an answer waits for the one before it to be acknowledged, and is lost if the connection is reset
                // meanwhile. An error: the client is gone.
                socket.set_nodelay(true).map_err(DispatchError::Io)?;
                let stream = acceptor.accept(socket).await.map_err(DispatchError::Io)?;
                Ok((Connection::new(stream, patience, metrics), peer))
            }
        })
        .and_then(http)
    };
    Ok(builder.listen("webhooks", listener, service)?.run())
}
