//! The faults.

use std::{fmt, time::Duration};

use anyhow::Context;
use diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};
use harness::{Durability, Postgres, Proxy, SmallDisk, psql};
use serde::Serialize;

/// Sessions of workers.
const WORKERS: &str = "FROM pg_stat_activity
                       WHERE datname = current_database() AND application_name = 'clerk-mirror'";
/// What an event takes on disk, amply.
const BYTES_AN_EVENT: usize = 16 * 1024;

/// What happens to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    Killed,
    Stopped,
    Cut,
    Frozen,
    HalfOpen,
    Locked,
    Cancelled,
    Terminated,
    ReadOnly,
    DiskFull,
    SqliteLocked,
    SqliteDiskFull,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 12] = [
        Self::Killed,
        Self::Stopped,
        Self::Cut,
        Self::Frozen,
        Self::HalfOpen,
        Self::Locked,
        Self::Cancelled,
        Self::Terminated,
        Self::ReadOnly,
        Self::DiskFull,
        Self::SqliteLocked,
        Self::SqliteDiskFull,
    ];

    /// Whether ending it is to start the server again, which takes a time of its own.
    pub fn ends_with_a_start(self) -> bool {
        matches!(self, Self::Killed | Self::Stopped)
    }

    /// The least it lasts. Half-open connections are there until the worker gives them up.
    pub fn least(self) -> Duration {
        Duration::from_secs(if self == Self::HalfOpen { 20 } else { 0 })
    }

    /// The worker's settings beside the usual ones.
    pub fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            // How long an answer may be overdue follows from it.
            Self::HalfOpen => &[("STATEMENT_TIMEOUT", "1s")],
            _ => &[],
        }
    }

    /// A database that this can happen to, with room for so many events.
    pub fn database(self, events: usize) -> anyhow::Result<Database> {
        let mebibytes = u32::try_from((events * BYTES_AN_EVENT).div_ceil(1 << 20))? + 64;
        let is_disk_full = matches!(self, Self::DiskFull | Self::SqliteDiskFull);
        let disk = if is_disk_full { Some(SmallDisk::mount(mebibytes)?) } else { None };
        if matches!(self, Self::SqliteLocked | Self::SqliteDiskFull) {
            let folder =
                disk.as_ref().map_or_else(|| harness::scratch("mirror"), |disk| disk.folder().to_owned());
            let url = format!("sqlite:{}", folder.join("mirror.db").display());
            return Ok(Database::new(self, url, disk, None));
        }
        let server = Postgres::start(Durability::Full)?;
        let url = server.fresh_database("faults");
        if let Some(disk) = &disk {
            let folder = disk.folder_of_postgres("tablespace")?;
            let (_, name) = url.rsplit_once('/').context("a database's name")?;
            psql(server.url(), &format!("CREATE TABLESPACE small LOCATION '{}'", folder.display()));
            psql(server.url(), &format!("ALTER DATABASE {name} SET TABLESPACE small"));
        }
        Ok(Database::new(self, url, disk, Some(server)))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Killed => "killed and started again",
            Self::Stopped => "stopped and started again",
            Self::Cut => "network cut",
            Self::Frozen => "network frozen",
            Self::HalfOpen => "connections half open",
            Self::Locked => "table locked by others",
            Self::Cancelled => "statements cancelled again and again",
            Self::Terminated => "connections terminated again and again",
            Self::ReadOnly => "turned read-only",
            Self::DiskFull => "disk full",
            Self::SqliteLocked => "SQLite: locked by another writer",
            Self::SqliteDiskFull => "SQLite: disk full",
        })
    }
}

/// A database, and what happens to it.
pub struct Database {
    fault: Fault,
    /// Its URL with nothing in front of it.
    pub direct: String,
    /// The URL the worker is given.
    pub seen_by_worker: String,
    proxy: Option<Proxy>,
    lock: Option<Box<dyn SimpleConnection>>,
    // Dropped in this order: the server before its disk.
    server: Option<Postgres>,
    disk: Option<SmallDisk>,
}

impl Database {
    fn new(fault: Fault, url: String, disk: Option<SmallDisk>, server: Option<Postgres>) -> Self {
        let (proxy, seen_by_worker) = match fault {
            Fault::Cut | Fault::Frozen | Fault::HalfOpen => {
                let (proxy, seen) = Proxy::in_front_of(&url);
                (Some(proxy), seen)
            }
            _ => (None, url.clone()),
        };
        Self { fault, direct: url, seen_by_worker, proxy, lock: None, server, disk }
    }

    /// The fault begins.
    pub fn begin(&mut self) -> anyhow::Result<()> {
        match self.fault {
            Fault::Killed => self.server()?.kill9(),
            Fault::Stopped => self.server()?.stop(),
            Fault::Cut => self.proxy()?.cut(),
            Fault::Frozen => self.proxy()?.freeze(),
            Fault::HalfOpen => self.proxy()?.strand(),
            Fault::Locked => {
                let mut connection = PgConnection::establish(&self.direct)?;
                connection.batch_execute("BEGIN; LOCK TABLE clerk.webhook_events")?;
                self.lock = Some(Box::new(connection));
            }
            Fault::SqliteLocked => {
                let path = self.direct.trim_start_matches("sqlite:");
                let mut connection = SqliteConnection::establish(path)?;
                connection.batch_execute("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE")?;
                self.lock = Some(Box::new(connection));
            }
            Fault::Cancelled | Fault::Terminated => {}
            Fault::ReadOnly => self.set_read_only("on"),
            Fault::DiskFull | Fault::SqliteDiskFull => self.disk()?.fill()?,
        }
        Ok(())
    }

    /// The fault lasts.
    pub fn go_on(&mut self) -> anyhow::Result<()> {
        let function = match self.fault {
            Fault::Cancelled => "pg_cancel_backend",
            Fault::Terminated => "pg_terminate_backend",
            _ => return Ok(()),
        };
        psql(&self.direct, &format!("SELECT count({function}(pid)) {WORKERS}"));
        Ok(())
    }

    /// The fault is over.
    pub fn end(&mut self) -> anyhow::Result<()> {
        match self.fault {
            Fault::Killed | Fault::Stopped => self.server()?.restart()?,
            Fault::Cut => self.proxy()?.restore(),
            Fault::Frozen => self.proxy()?.thaw(),
            Fault::Locked | Fault::SqliteLocked => {
                self.lock.take().context("a lock")?.batch_execute("COMMIT")?;
            }
            Fault::HalfOpen | Fault::Cancelled | Fault::Terminated => {}
            Fault::ReadOnly => self.set_read_only("off"),
            Fault::DiskFull | Fault::SqliteDiskFull => self.disk()?.free()?,
        }
        Ok(())
    }

    fn set_read_only(&self, on: &str) {
        // Two calls: several statements of one are a transaction, and this one cannot be part of one.
        psql(&self.direct, &format!("ALTER SYSTEM SET default_transaction_read_only = {on}"));
        psql(&self.direct, "SELECT pg_reload_conf()");
    }

    fn server(&mut self) -> anyhow::Result<&mut Postgres> {
        self.server.as_mut().context("a server of our own")
    }

    fn proxy(&self) -> anyhow::Result<&Proxy> {
        self.proxy.as_ref().context("a proxy")
    }

    fn disk(&self) -> anyhow::Result<&SmallDisk> {
        self.disk.as_ref().context("a disk")
    }
}
