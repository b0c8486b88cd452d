//! The edge under watch.

use std::{net::SocketAddr, time::Duration};

use anyhow::ensure;
use clerk_mirror::send::world::Event;
use harness::{ProcStat, Process, binaries, free_port, proc_stat, wait_until};

use crate::{
    admin,
    traffic::{SECRET, Traffic, now},
};

const DEADLINE: Duration = Duration::from_secs(60);

/// A running `ingest`.
pub struct Edge {
    process: Process,
    pub address: SocketAddr,
    admin: SocketAddr,
}

impl Edge {
    /// Starts one on queues that are there.
    pub fn start(queue_url: &str, namespace: &str) -> Self {
        let [address, admin] = [(); 2].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
        let variables = [
            ("QUEUE_URL", queue_url),
            ("QUEUE_NAMESPACE", namespace),
            ("DECLARE", "passive"),
            ("CLERK_WEBHOOK_SECRET", SECRET),
            ("LISTEN", &address.to_string()),
            ("ADMIN_LISTEN", &admin.to_string()),
        ];
        let process = Process::start(&binaries().ingest, [] as [&str; 0], variables);
        Self { process, address, admin }
    }

    /// Waits until it says that it can queue, or that it cannot.
    pub fn wait_until_ready(&self, ready: bool) {
        let status = if ready { 200 } else { 503 };
        wait_until(&format!("readiness {status}"), DEADLINE, || {
            admin::get(self.admin, "/readyz").is_some_and(|answer| answer.status == status)
        });
    }

    /// What it takes up now.
    pub fn stat(&self) -> ProcStat {
        proc_stat(self.process.pid())
    }

    /// Stops it in good order.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.process.terminate();
        let status = self.process.wait(DEADLINE);
        ensure!(status.success(), "ingest ended with {status}:\n{}", self.process.log_tail());
        Ok(())
    }
}

/// An event as a request that Svix sends now.
pub fn request(traffic: &Traffic, event: &Event) -> Vec<u8> {
    let [id, timestamp, signature] = traffic.credentials(event, now());
    let head = format!(
        "POST /webhooks/clerk HTTP/1.1\r\nHost: edge.example\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nsvix-id: {id}\r\nsvix-timestamp: {timestamp}\r\nsvix-signature: {signature}\r\n\r\n",
        event.body.len()
    );
    [head.as_bytes(), &event.body].concat()
}
