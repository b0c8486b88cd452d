//! An `ingest` and some `worker`s, as an operator would run them.

use std::{
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use harness::{
    Process, binaries, free_port,
    http::{self, Response},
    wait_until,
};

use crate::{backends::Backends, signed::SECRET};

/// Long enough for a busy machine; nothing waits this long when all is well.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running `ingest`.
pub struct Ingest {
    pub process: Process,
    pub address: SocketAddr,
    pub admin: SocketAddr,
}

impl Ingest {
    /// Starts one and waits until it is ready.
    pub fn start(backends: &Backends) -> Self {
        let ingest = Self::start_unready(backends, &[]);
        wait_until("ingest is ready", PATIENCE, || is_ready(ingest.admin));
        ingest
    }

    /// Starts one and waits until it answers.
    pub fn start_unready(backends: &Backends, more: &[(&str, &str)]) -> Self {
        let (address, admin) = (local(free_port()), local(free_port()));
        let process =
            Process::start(&binaries().ingest, [] as [&str; 0], vars(backends, address, admin, more));
        let ingest = Self { process, address, admin };
        wait_until("ingest answers", PATIENCE, || answers(admin));
        ingest
    }

    /// Starts one again after it was killed, on the same address.
    pub fn restart(&mut self, backends: &Backends) {
        self.process.kill9();
        self.process = Process::start(
            &binaries().ingest,
            [] as [&str; 0],
            vars(backends, self.address, self.admin, &[]),
        );
        wait_until("ingest is ready again", PATIENCE, || is_ready(self.admin));
    }

    /// Where Clerk would send to.
    pub fn url(&self) -> String {
        format!("http://{}/webhooks/clerk", self.address)
    }
}

/// A running `worker`.
pub struct Worker {
    pub process: Process,
    pub admin: SocketAddr,
}

impl Worker {
    /// Starts one and waits until it is ready.
    pub fn start(backends: &Backends) -> Self {
        let worker = Self::start_unready(backends, &[]);
        wait_until("the worker is ready", PATIENCE, || is_ready(worker.admin));
        worker
    }

    /// Starts one.
    pub fn start_unready(backends: &Backends, more: &[(&str, &str)]) -> Self {
        let admin = local(free_port());
        let process =
            Process::start(&binaries().worker, [] as [&str; 0], vars(backends, local(0), admin, more));
        Self { process, admin }
    }
}

/// Whether the process behind these admin endpoints says that it can do its work.
pub fn is_ready(admin: SocketAddr) -> bool {
    listens(admin) && readiness(admin).status == 200
}

/// What the process says of its readiness.
pub fn readiness(admin: SocketAddr) -> Response {
    get(admin, "/readyz")
}

/// Whether the admin endpoints answer.
pub fn answers(admin: SocketAddr) -> bool {
    listens(admin) && get(admin, "/healthz").status == 200
}

fn listens(admin: SocketAddr) -> bool {
    TcpStream::connect(admin).is_ok()
}

fn get(admin: SocketAddr, path: &str) -> Response {
    http::request(admin, format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
}

/// The value of a metric, by its whole name with labels.
pub fn metric(admin: SocketAddr, name: &str) -> Option<f64> {
    let response = get(admin, "/metrics");
    let line = response
        .text()
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
    line.and_then(|value| value.parse().ok())
}

fn vars(
    backends: &Backends,
    listen: SocketAddr,
    admin: SocketAddr,
    more: &[(&str, &str)],
) -> Vec<(String, String)> {
    let (listen, admin) = (listen.to_string(), admin.to_string());
    // A secret may be given by value or in a file, not in both ways; an empty one is none.
    let another = more.iter().any(|(name, _)| name.starts_with("CLERK_WEBHOOK_SECRET"));
    [
        ("QUEUE_URL", &*backends.queue_url),
        ("QUEUE_NAMESPACE", &backends.namespace),
        ("DATABASE_URL", &backends.database_url),
        ("LISTEN", &listen),
        ("ADMIN_LISTEN", &admin),
    ]
    .iter()
    .chain((!another).then_some(&("CLERK_WEBHOOK_SECRET", SECRET)))
    .chain(more)
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_string(), value.to_string()))
    .collect()
}

fn local(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}
