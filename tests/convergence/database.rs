//! A database of a test's own: the program's stores, one for each worker, and a way to read that is not theirs.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use worker::store::{self, Store, StoreOptions};

use crate::oracle::contents::Contents;
use crate::oracle::reader::Reader;

/// A migrated database.
pub struct Database {
    stores: Vec<Arc<dyn Store>>,
    reader: Mutex<Reader>,
    /// Where a SQLite file is.
    _folder: Option<TempDir>,
}

/// Which database it is.
#[derive(Clone, Copy, Debug)]
pub enum Backend {
    Postgres,
    Sqlite,
}

impl Database {
    /// A new one, with a store for each of so many workers.
    pub fn new(backend: Backend, workers: usize) -> Self {
        let (url, folder) = match backend {
            Backend::Postgres => (harness::postgres().fresh_database("convergence"), None),
            Backend::Sqlite => {
                let folder = folder_in_memory();
                (format!("sqlite:{}", folder.path().join("clerk.db").display()), Some(folder))
            }
        };
        // Longer than any queue of writers on a busy machine: SQLite lets them wait in no order.
        let options = StoreOptions { acquire_timeout: Duration::from_secs(120), ..StoreOptions::default() };
        let stores: Vec<_> = (0..workers).map(|_| store::open(&url, &options).expect("a good URL")).collect();
        stores[0].migrate().expect("an empty database can be migrated");
        Self { stores, reader: Mutex::new(Reader::open(&url)), _folder: folder }
    }

    /// The workers' stores.
    pub fn stores(&self) -> &[Arc<dyn Store>] {
        &self.stores
    }

    /// The rows of these objects and events, from every table.
    pub fn rows_of(&self, keys: &[String]) -> Contents {
        self.read(|reader| reader.rows(Some(keys)))
    }

    /// Every row of every table.
    pub fn rows(&self) -> Contents {
        self.read(|reader| reader.rows(None))
    }

    /// How many rows there are, in all tables.
    pub fn count(&self) -> usize {
        self.read(Reader::count)
    }

    /// Empties every table.
    pub fn clear(&self) {
        self.read(Reader::clear);
    }

    /// How many deadlocks there have been (PostgreSQL). Closes the stores: a connection that is closed has
    /// reported all it saw.
    pub fn into_deadlocks(self) -> usize {
        let Self { stores, reader, .. } = self;
        drop(stores);
        let mut reader = reader.into_inner().expect("no reader has panicked");
        harness::wait_until("the workers' connections are closed", Duration::from_secs(60), || {
            reader.number(
                "SELECT count(*)::text AS text FROM pg_stat_activity \
                 WHERE datname = current_database() AND backend_type = 'client backend' \
                 AND pid <> pg_backend_pid()",
            ) == 0
        });
        reader
            .number("SELECT deadlocks::text AS text FROM pg_stat_database WHERE datname = current_database()")
    }

    fn read<T>(&self, read: impl FnOnce(&mut Reader) -> T) -> T {
        read(&mut self.reader.lock().expect("no reader has panicked"))
    }
}

/// A new folder in memory, if the machine has such a place.
fn folder_in_memory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("a folder can be made")
}
