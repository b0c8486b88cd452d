//! The admin endpoints, on a port of their own: `/metrics`, `/healthz`, `/readyz`.

use std::{net::TcpListener, time::Duration};

use actix_web::{App, HttpResponse, HttpServer, http::header, web};
use prometheus::{Encoder, Registry, TextEncoder};

use crate::lifecycle::{Process, Readiness};

const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves the admin endpoints until `stopped` resolves: to the very end, so that the last moments can be watched.
pub async fn serve(
    listener: TcpListener,
    process: Process,
    stopped: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(process.registry.clone()))
            .app_data(web::Data::new(process.readiness.clone()))
            .route("/metrics", web::get().to(metrics))
            .route("/healthz", web::get().to(async || HttpResponse::Ok().body("ok\n")))
            .route("/readyz", web::get().to(ready))
    })
    .workers(1)
    .client_request_timeout(HEAD_TIMEOUT)
    .disable_signals()
    .listen(listener)?
    .run();
    let handle = server.handle();
    tokio::select! {
        ended = server => ended,
        () = stopped => {
            handle.stop(false).await;
            Ok(())
        }
    }
}

async fn metrics(registry: web::Data<Registry>) -> HttpResponse {
    let encoder = TextEncoder::new();
    let mut text = Vec::new();
    match encoder.encode(&registry.gather(), &mut text) {
        Ok(()) => HttpResponse::Ok().insert_header((header::CONTENT_TYPE, encoder.format_type())).body(text),
        Err(error) => HttpResponse::InternalServerError().body(format!("{error}\n")),
    }
}

/// One line a check, `ok` or what it waits for.
async fn ready(readiness: web::Data<Readiness>) -> HttpResponse {
    let report = readiness.report();
    let lines: String = report
        .checks
        .iter()
        .map(|(name, state)| format!("{name}: {}\n", state.as_deref().unwrap_or("ok")))
        .collect();
    let mut answer = if report.ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.content_type("text/plain; charset=utf-8").body(lines)
}
