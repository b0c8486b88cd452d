//! The edge under test.

use std::{net::SocketAddr, time::Duration};

use anyhow::ensure;
use clerk_mirror::send::world::Event;
use harness::{Process, binaries, free_port, wait_until};

use crate::common::{SECRET, Traffic, admin, now, traffic::Signer};

const DEADLINE: Duration = Duration::from_secs(60);

/// A running `ingest`.
pub struct IngestProcess {
    process: Process,
    pub address: SocketAddr,
    admin: SocketAddr,
}

impl IngestProcess {
    /// Starts one with these `settings` besides, and waits until it is ready.
    pub fn start(queue_url: &str, namespace: &str, settings: &[(&str, &str)]) -> Self {
        let [address, admin] = [(); 2].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
        let variables = [
            ("QUEUE_URL", queue_url),
            ("QUEUE_NAMESPACE", namespace),
            ("CLERK_WEBHOOK_SECRET", SECRET),
            ("LISTEN", &address.to_string()),
            ("ADMIN_LISTEN", &admin.to_string()),
        ];
        let variables = variables.iter().chain(settings).copied();
        let process = Process::start(&binaries().ingest, [] as [&str; 0], variables);
        let ingest = Self { process, address, admin };
        ingest.wait_until_ready(true);
        ingest
    }

    /// Waits until it says that it can queue, or that it cannot.
    pub fn wait_until_ready(&self, ready: bool) {
        let status = if ready { 200 } else { 503 };
        wait_until(&format!("readiness {status}"), DEADLINE, || {
            admin::get(self.admin, "/readyz").is_some_and(|answer| answer.status == status)
        });
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Stops it in good order.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.process.terminate();
        let status = self.process.wait(DEADLINE);
        ensure!(status.success(), "ingest ended with {status}:\n{}", self.process.log_tail());
        Ok(())
    }
}

/// The events as requests that Svix sends now, byte for byte. Their signatures are good for five minutes.
pub fn requests(traffic: &Traffic) -> Vec<Vec<u8>> {
    let now = now();
    traffic.events.iter().map(|event| request(&traffic.signer, event, now)).collect()
}

/// An event as a request that Svix sends at `now`.
pub fn request(signer: &Signer, event: &Event, now: i64) -> Vec<u8> {
    let [id, timestamp, signature] = signer.credentials(event, now);
    let head = format!(
        "POST /webhooks/clerk HTTP/1.1\r\nHost: edge.example\r\nUser-Agent: Svix-Webhooks/1.40\r\nAccept: */*\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\
         svix-id: {id}\r\nsvix-timestamp: {timestamp}\r\nsvix-signature: {signature}\r\n\r\n",
        event.body.len()
    );
    [head.as_bytes(), &event.body].concat()
}
