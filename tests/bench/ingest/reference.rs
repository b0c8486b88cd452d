//! HTTP servers that do less than the edge. Each is a process of its own, as the edge is, so that its cost can be told
//! from that of the load.

use std::{
    env,
    net::{SocketAddr, TcpStream},
    time::{Duration, SystemTime},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, Route,
    web::{self, Data, PayloadConfig},
};
use bytes::Bytes;
use harness::{Process, free_port, wait_until};
use shared::signature::{Credentials, Verifier};

use crate::common::SECRET;

/// As in the edge.
const BODY_LIMIT: usize = 1024 * 1024;
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// What the server does.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Reference {
    /// Reads the body and answers.
    Bare,
    /// Also checks the signature.
    Verifying,
}

impl Reference {
    /// Starts this program once more, as this server, and waits until it listens.
    pub fn start(self) -> anyhow::Result<(Process, SocketAddr)> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let name = match self {
            Self::Bare => "bare",
            Self::Verifying => "verifying",
        };
        let arguments = ["--bench", "--serve", name, "--listen", &address.to_string()];
        let process = Process::start(&env::current_exe()?, arguments, [] as [(&str, &str); 0]);
        wait_until("the server listens", Duration::from_secs(30), || TcpStream::connect(address).is_ok());
        Ok((process, address))
    }

    /// Serves until killed.
    #[tokio::main]
    pub async fn serve(self, address: SocketAddr) -> anyhow::Result<()> {
        let verifier = Data::new(Verifier::new(vec![SECRET.parse()?]));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(PayloadConfig::new(BODY_LIMIT))
                .app_data(verifier.clone())
                .route("/webhooks/clerk", self.route())
        });
        Ok(server.keep_alive(KEEP_ALIVE).disable_signals().bind(address)?.run().await?)
    }

    fn route(self) -> Route {
        match self {
            Self::Bare => web::post().to(bare),
            Self::Verifying => web::post().to(verifying),
        }
    }
}

async fn bare(_body: Bytes) -> HttpResponse {
    accepted()
}

async fn verifying(request: HttpRequest, body: Bytes, verifier: Data<Verifier>) -> HttpResponse {
    let credentials = Credentials::read(|name| request.headers().get_all(name).map(|value| value.as_bytes()));
    let verified = credentials.and_then(|credentials| verifier.verify(&credentials, body, SystemTime::now()));
    match verified {
        Ok(_) => accepted(),
        Err(rejection) => HttpResponse::BadRequest().body(rejection.code()),
    }
}

fn accepted() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body("{}")
}
