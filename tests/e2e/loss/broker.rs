//! The broker fails, or its operator makes it.

use std::{
    env,
    time::{Duration, Instant},
};

use harness::{Outcome, RabbitMq, wait_until};

use super::{account::Allowed, load::sized, trial::Trial};
use crate::{backends::Backends, signed::post};

/// How soon after the broker is back the edge must accept again; on a quiet machine it takes a fraction of a second.
const RECOVERY: Duration = Duration::from_secs(15);
/// Far more than the edge ever puts into one message of events of the usual size.
const LARGEST_MESSAGE: usize = 4_000_000;

fn backends(broker: &RabbitMq) -> Backends {
    Backends {
        queue_url: broker.url().to_owned(),
        namespace: "clerk".to_owned(),
        database_url: "sqlite:unused.db".to_owned(),
    }
}

#[track_caller]
fn ctl(broker: &RabbitMq, args: &[&str]) {
    let output = broker.ctl(args);
    assert!(output.status.success(), "rabbitmqctl {args:?}: {output:?}");
}

/// Waits for the first event that is accepted again, and says how long it took.
#[track_caller]
fn until_recovered(trial: &Trial, accepted: usize) {
    let back = Instant::now();
    wait_until("the edge accepts again", RECOVERY, || trial.tally().accepted > accepted);
    eprintln!("accepting again {:.0?} after the broker was back", back.elapsed());
}

/// `BROKER_KILLS` says how often, once without it.
#[test]
fn killed_and_started_again() {
    let mut broker = RabbitMq::start().unwrap();
    let backends = backends(&broker);
    let inbox = backends.inbox();
    let allowed = Allowed { codes: &["queue_unavailable"], ..Allowed::default() };
    let trial = Trial::start(backends, &[], allowed);
    broker.wait_until_on_disk(&inbox);
    let kills: usize = env::var("BROKER_KILLS").map_or(1, |kills| kills.parse().unwrap());
    for _ in 0..kills {
        broker.kill9();
        trial.until_unready();
        trial.until_refused();
        let accepted = trial.tally().accepted;
        broker.restart().unwrap();
        until_recovered(&trial, accepted);
        trial.until_ready();
        trial.until_accepted();
    }
    trial.finish();
}

#[test]
fn stopped_and_started_again() {
    let broker = RabbitMq::start().unwrap();
    let allowed = Allowed { codes: &["queue_unavailable", "queue_refused"], ..Allowed::default() };
    let trial = Trial::start(backends(&broker), &[], allowed);
    ctl(&broker, &["stop_app"]);
    trial.until_unready();
    trial.until_refused();
    let accepted = trial.tally().accepted;
    ctl(&broker, &["start_app"]);
    until_recovered(&trial, accepted);
    trial.until_ready();
    trial.until_accepted();
    trial.finish();
}

#[test]
fn blocked_for_want_of_memory() {
    let broker = RabbitMq::start().unwrap();
    let allowed = Allowed { codes: &["queue_blocked", "queue_timeout"], ..Allowed::default() };
    let trial = Trial::start(backends(&broker), &[], allowed);
    for _ in 0..2 {
        ctl(&broker, &["set_vm_memory_high_watermark", "0"]);
        trial.until_unready();
        trial.until_refused();
        ctl(&broker, &["set_vm_memory_high_watermark", "0.4"]);
        trial.until_ready();
        trial.until_accepted();
    }
    let outcomes = trial.finish();
    let blocked = r#"{"error":"queue_blocked"}"#;
    let at_once = outcomes.iter().filter(|o| matches!(o, Outcome::Answered { body, .. } if body == blocked));
    assert!(at_once.count() > 0, "no event was refused as blocked");
}

#[test]
fn connections_closed() {
    let broker = RabbitMq::start().unwrap();
    let allowed = Allowed { codes: &["queue_unavailable"], ..Allowed::default() };
    let trial = Trial::start(backends(&broker), &[], allowed);
    trial.until_it_makes_unready(|| {
        ctl(&broker, &["close_all_connections", "by the operator"]);
        trial.until_accepted();
    });
    assert!(trial.tally().refused > 0);
    trial.finish();
}

/// A message over the broker's limit is an error of the channel: it goes, with all that is on its way, and the
/// connection stays.
#[test]
fn channel_closed() {
    let broker = RabbitMq::start().unwrap();
    ctl(&broker, &["eval", &format!("application:set_env(rabbit, max_message_size, {LARGEST_MESSAGE}).")]);
    let allowed = Allowed { codes: &["queue_unavailable"], ..Allowed::default() };
    let settings = [("BODY_LIMIT", "8388608"), ("REQUEST_TIMEOUT", "60s")];
    let trial = Trial::start(backends(&broker), &settings, allowed);
    trial.until_it_makes_unready(|| {
        let refused = post(trial.ingest.address, "too_large", &sized(0, LARGEST_MESSAGE + 1));
        assert_eq!(refused.status, 503, "{}", refused.text());
        trial.until_accepted();
    });
    trial.finish();
}
