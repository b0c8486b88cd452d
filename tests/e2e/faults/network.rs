//! The network between the worker and PostgreSQL.

use std::{thread, time::Duration};

use harness::Proxy;

use super::trial::Trial;
use crate::backends::{Backends, Database, Queue};

/// A database behind a network that can fail. What is in it is read past that network.
fn start(hint: &str, settings: &[(&str, &str)]) -> (Proxy, Trial) {
    let mut backends = Backends::new(Queue::RabbitMq, Database::Postgres, hint);
    let direct = backends.database_url.clone();
    let (proxy, url) = Proxy::in_front_of(&direct);
    backends.database_url = url;
    let trial = Trial::start_behind(backends, direct, settings);
    (proxy, trial)
}

#[test]
fn cut() {
    let (proxy, trial) = start("faults_cut", &[]);
    for _ in 0..3 {
        trial.until_retried(1.0, || proxy.cut());
        proxy.restore();
        trial.until_recovered();
    }
    trial.finish();
}

#[test]
fn frozen_and_thawed() {
    let (proxy, trial) = start("faults_frozen", &[]);
    for _ in 0..2 {
        proxy.freeze();
        // The fault itself lasts so long.
        thread::sleep(Duration::from_secs(2));
        proxy.thaw();
        trial.until_recovered();
    }
    trial.finish();
}

/// The other end goes without a word, and something in between keeps the connection open.
#[test]
fn half_open() {
    let (proxy, trial) = start("faults_half_open", &[("STATEMENT_TIMEOUT", "1s")]);
    for _ in 0..2 {
        trial.until_retried(1.0, || proxy.strand());
        trial.until_recovered();
    }
    trial.finish();
}
