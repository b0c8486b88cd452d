//! PostgreSQL fails, or somebody makes it.

use std::{thread, time::Duration};

use harness::{Durability, Postgres, SmallDisk, psql, wait_until};

use super::trial::Trial;
use crate::{
    backends::{Backends, Database, Queue},
    deployment::PATIENCE,
    mirror::Mirror,
};

/// Sessions of workers.
const WORKERS: &str = "FROM pg_stat_activity
                       WHERE datname = current_database() AND application_name = 'clerk-mirror'";

fn on_shared_server(hint: &str) -> Backends {
    Backends::new(Queue::RabbitMq, Database::Postgres, hint)
}

fn on(server: &Postgres, hint: &str) -> Backends {
    // The queue is like any other's.
    let backends = Backends::new(Queue::RabbitMq, Database::Sqlite, hint);
    Backends { database_url: server.fresh_database(hint), ..backends }
}

#[test]
fn killed_and_started_again() {
    let mut server = Postgres::start(Durability::Full).unwrap();
    let trial = Trial::start(on(&server, "faults_killed"), &[]);
    for _ in 0..2 {
        trial.until_retried(1.0, || server.kill9());
        server.restart().unwrap();
        trial.until_recovered();
    }
    trial.finish();
}

#[test]
fn stopped_for_some_seconds() {
    let mut server = Postgres::start(Durability::Relaxed).unwrap();
    let trial = Trial::start(on(&server, "faults_stopped"), &[]);
    server.stop();
    // The fault itself lasts so long.
    thread::sleep(Duration::from_secs(4));
    server.restart().unwrap();
    trial.until_recovered();
    trial.finish();
}

#[test]
fn a_lock_is_held_for_longer_than_a_statement_may_take() {
    let backends = on_shared_server("faults_locked");
    let mut other = Mirror::open(&backends.database_url);
    let trial = Trial::start(backends, &[("STATEMENT_TIMEOUT", "300ms")]);
    for table in ["users", "webhook_events"] {
        trial.until_retried(4.0, || other.execute(&format!("BEGIN; LOCK TABLE clerk.{table}")));
        other.execute("COMMIT");
        trial.until_recovered();
    }
    trial.finish();
}

#[test]
fn deadlocks() {
    const DEADLOCKS: u32 = 3;
    let backends = on_shared_server("faults_deadlock");
    let url = backends.database_url.clone();
    let count = || -> u32 {
        psql(&url, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            .parse()
            .unwrap()
    };
    let mut other = Mirror::open(&url);
    let trial = Trial::start(backends, &[]);
    // Of the two, the worker is the one that finds out.
    other.execute("SET deadlock_timeout = '1h'");
    wait_until("there were deadlocks", PATIENCE, || {
        other.execute("BEGIN; LOCK TABLE clerk.webhook_events IN SHARE ROW EXCLUSIVE MODE");
        wait_until("a worker holds users and waits for the ledger", PATIENCE, || {
            psql(&url, &format!("SELECT count(*) > 0 {WORKERS} AND wait_event_type = 'Lock'")) == "t"
        });
        other.execute("LOCK TABLE clerk.users IN SHARE ROW EXCLUSIVE MODE; COMMIT");
        trial.until_applied();
        count() >= DEADLOCKS
    });
    trial.finish();
}

#[test]
fn statements_cancelled_again_and_again() {
    let backends = on_shared_server("faults_cancelled");
    let url = backends.database_url.clone();
    let trial = Trial::start(backends, &[]);
    let mut cancelled = 0;
    wait_until("many statements were cancelled", PATIENCE, || {
        let active = format!("SELECT count(pg_cancel_backend(pid)) {WORKERS} AND state = 'active'");
        cancelled += psql(&url, &active).parse::<u32>().unwrap();
        cancelled >= 100
    });
    trial.until_recovered();
    trial.finish();
}

#[test]
fn connections_terminated_again_and_again() {
    let backends = on_shared_server("faults_terminated");
    let url = backends.database_url.clone();
    let trial = Trial::start(backends, &[]);
    for _ in 0..20 {
        psql(&url, &format!("SELECT count(pg_terminate_backend(pid)) {WORKERS}"));
        trial.until_recovered();
    }
    trial.finish();
}

#[test]
fn a_primary_that_turns_read_only() {
    let server = Postgres::start(Durability::Relaxed).unwrap();
    let backends = on(&server, "faults_read_only");
    let url = backends.database_url.clone();
    let read_only = |on: &str| {
        // Not within the one transaction that several statements of one call are.
        psql(&url, &format!("ALTER SYSTEM SET default_transaction_read_only = {on}"));
        psql(&url, "SELECT pg_reload_conf()");
    };
    let trial = Trial::start(backends, &[]);
    trial.until_retried(4.0, || read_only("on"));
    read_only("off");
    trial.until_recovered();
    trial.finish();
}

#[test]
fn a_full_disk() {
    let disk = SmallDisk::mount(64).unwrap();
    let folder = disk.folder_of_postgres("tablespace").unwrap();
    let server = Postgres::start(Durability::Relaxed).unwrap();
    let backends = on(&server, "faults_full");
    psql(&backends.database_url, &format!("CREATE TABLESPACE small LOCATION '{}'", folder.display()));
    let name = backends.database_url.rsplit_once('/').unwrap().1;
    psql(server.url(), &format!("ALTER DATABASE {name} SET TABLESPACE small"));
    let trial = Trial::start(backends, &[]);
    for _ in 0..2 {
        trial.until_retried(4.0, || disk.fill().unwrap());
        disk.free().unwrap();
        trial.until_recovered();
    }
    trial.finish();
}
