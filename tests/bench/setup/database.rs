//! Databases of one measurement's own.

use anyhow::ensure;
use harness::{Postgres, psql};
use worker::{
    event::Table,
    store::{self, StoreOptions},
};

/// The server, and a database from which others are dropped.
pub struct Server {
    pub server: Postgres,
    admin_url: String,
}

/// An empty mirror.
pub struct Database<'a> {
    server: &'a Server,
    pub url: String,
}

impl Server {
    pub fn new(server: Postgres) -> Self {
        let admin_url = server.fresh_database("bench_admin");
        Self { server, admin_url }
    }

    /// Its version, as it names it.
    pub fn version(&self) -> String {
        psql(&self.admin_url, "SHOW server_version")
    }

    /// A new one, migrated, with no writing left to do for those before it.
    pub fn fresh_database(&self) -> anyhow::Result<Database<'_>> {
        let url = self.server.fresh_database("bench");
        store::open(&url, &StoreOptions::default())?.migrate()?;
        psql(&self.admin_url, "CHECKPOINT");
        Ok(Database { server: self, url })
    }
}

impl Database<'_> {
    /// Removes it, if its ledger holds so many events, none of them dead, and its mirror so many rows.
    pub fn close(self, events: usize, mirror_rows: Option<usize>) -> anyhow::Result<()> {
        let ledger = "SELECT count(*), count(*) FILTER (WHERE outcome = 'dead') FROM clerk.webhook_events";
        let ledger = psql(&self.url, ledger);
        ensure!(
            ledger == format!("{events}|0"),
            "events were lost, doubled or dead: {ledger} instead of {events}|0 in the ledger"
        );
        if let Some(expected) = mirror_rows {
            let tables = Table::ALL.map(|table| format!("(SELECT count(*) FROM clerk.{})", table.name()));
            let rows = psql(&self.url, &format!("SELECT {}", tables.join(" + ")));
            ensure!(rows == expected.to_string(), "the mirror holds {rows} rows instead of {expected}");
        }
        let name = self.url.rsplit('/').next().unwrap_or_default();
        psql(&self.server.admin_url, &format!("DROP DATABASE {name} WITH (FORCE)"));
        Ok(())
    }
}
