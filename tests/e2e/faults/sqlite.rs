//! SQLite fails, or somebody makes it.

use harness::SmallDisk;

use super::trial::Trial;
use crate::{
    backends::{Backends, Database, Queue},
    mirror::Mirror,
};

#[test]
fn the_file_is_locked_by_another_writer() {
    let backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "faults_sqlite_locked");
    let mut other = Mirror::open(&backends.database_url);
    let trial = Trial::start(backends, &[]);
    trial.until_retried(1.0, || other.execute("BEGIN IMMEDIATE"));
    other.execute("COMMIT");
    trial.until_recovered();
    trial.finish();
}

#[test]
fn a_full_disk() {
    let disk = SmallDisk::mount(64).unwrap();
    let backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "faults_sqlite_full");
    let database_url = format!("sqlite:{}", disk.folder().join("mirror.db").display());
    let trial = Trial::start(Backends { database_url, ..backends }, &[]);
    for _ in 0..2 {
        trial.until_retried(4.0, || disk.fill().unwrap());
        disk.free().unwrap();
        trial.until_recovered();
    }
    trial.finish();
}
