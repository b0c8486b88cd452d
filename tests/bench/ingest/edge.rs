//! The program under test.

use std::{net::SocketAddr, time::Duration};

use anyhow::ensure;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_types::BigInt};
use harness::{Process, binaries, free_port, wait_until};

use crate::common::{SECRET, admin};

const DEADLINE: Duration = Duration::from_secs(30);

/// A running `ingest`.
pub struct Edge {
    pub process: Process,
    pub address: SocketAddr,
}

impl Edge {
    /// Starts one and waits until it is ready.
    pub fn start(queue_url: &str, namespace: &str) -> Self {
        let [address, admin_address] = [(); 2].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
        let variables = [
            ("QUEUE_URL", queue_url),
            ("QUEUE_NAMESPACE", namespace),
            ("CLERK_WEBHOOK_SECRET", SECRET),
            ("LISTEN", &address.to_string()),
            ("ADMIN_LISTEN", &admin_address.to_string()),
        ];
        let process = Process::start(&binaries().ingest, [] as [&str; 0], variables);
        wait_until("ingest is ready", DEADLINE, || {
            admin::get(admin_address, "/readyz").is_some_and(|answer| answer.status == 200)
        });
        Self { process, address }
    }

    /// Stops it in good order.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.process.terminate();
        let status = self.process.wait(DEADLINE);
        ensure!(status.success(), "ingest ended with {status}:\n{}", self.process.log_tail());
        Ok(())
    }
}

/// The number of deliveries in a queue file.
pub fn deliveries_in(file: &str) -> anyhow::Result<u64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let mut connection = SqliteConnection::establish(file)?;
    let rows: Count =
        diesel::sql_query("SELECT count(*) AS count FROM deliveries").get_result(&mut connection)?;
    Ok(rows.count.try_into()?)
}
