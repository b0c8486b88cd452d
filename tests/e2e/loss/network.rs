//! The network between the edge and the broker.

use std::{
    thread,
    time::{Duration, Instant},
};

use harness::Proxy;

use super::{account::Allowed, trial::Trial};
use crate::backends::{Backends, Database, Queue};

/// A broker behind a network that can fail. The queue is read out past that network.
fn start(hint: &str, settings: &[(&str, &str)], allowed: Allowed) -> (Proxy, Trial) {
    let backends = Backends::new(Queue::RabbitMq, Database::Sqlite, hint);
    let (proxy, url) = Proxy::in_front_of(&backends.queue_url);
    let settings: Vec<_> = settings.iter().copied().chain([("QUEUE_URL", &*url)]).collect();
    let trial = Trial::start(backends, &settings, allowed);
    (proxy, trial)
}

fn cut_for(hint: &str, time: Duration) {
    let (proxy, trial) = start(hint, &[], Allowed { codes: &["queue_unavailable"], ..Allowed::default() });
    let cut = Instant::now();
    proxy.cut();
    trial.until_unready();
    trial.until_refused();
    // The fault itself lasts so long.
    thread::sleep(time.saturating_sub(cut.elapsed()));
    proxy.restore();
    trial.until_ready();
    trial.until_accepted();
    trial.finish();
}

#[test]
fn cut_for_a_second() {
    cut_for("loss_cut", Duration::from_secs(1));
}

#[test]
fn cut_for_half_a_minute() {
    cut_for("loss_long_cut", Duration::from_secs(30));
}

#[test]
fn frozen_for_longer_than_an_answer_may_take() {
    let allowed = Allowed { codes: &["queue_timeout", "queue_unavailable"], ..Allowed::default() };
    let (proxy, trial) = start("loss_frozen", &[("PUBLISH_TIMEOUT", "1s")], allowed);
    proxy.freeze();
    trial.until_refused();
    proxy.thaw();
    trial.until_ready();
    trial.until_accepted();
    trial.finish();
}

#[test]
fn a_half_open_connection_is_given_up() {
    let allowed = Allowed { codes: &["queue_timeout", "queue_unavailable"], ..Allowed::default() };
    let (proxy, trial) = start("loss_half_open", &[("PUBLISH_TIMEOUT", "1s")], allowed);
    let start = Instant::now();
    proxy.strand();
    trial.until_refused();
    trial.until_unready();
    trial.until_ready();
    eprintln!("ready {:.1?} after the connection went silent", start.elapsed());
    trial.until_accepted();
    trial.finish();
}

#[test]
fn slow_then_cut_with_confirms_on_their_way() {
    let (proxy, trial) =
        start("loss_slow", &[], Allowed { codes: &["queue_unavailable"], ..Allowed::default() });
    proxy.delay(Duration::from_millis(200));
    trial.until_accepted();
    assert_eq!(trial.tally().refused, 0, "slow is not away");
    for _ in 0..2 {
        let refused = trial.tally().refused;
        proxy.cut();
        trial.until_unready();
        assert!(trial.tally().refused > refused, "the cut met events on their way");
        proxy.restore();
        trial.until_ready();
        trial.until_accepted();
    }
    trial.finish();
}
