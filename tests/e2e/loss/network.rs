//! The network between the edge and the broker.

use std::{
    thread,
    time::{Duration, Instant},
};

use harness::Proxy;

use super::{account::Allowed, trial::Trial};
use crate::backends::{Backends, Database, Queue};

const DELAY: Duration = Duration::from_millis(200);
const MOST_CUTS: usize = 10;

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
    let allowed = Allowed { codes: &["queue_unavailable"], ..Allowed::default() };
    let (proxy, mut trial) = start("loss_slow", &[], allowed);
    proxy.delay(DELAY);
    trial.until_accepted();
    assert_eq!(trial.tally().refused, 0, "slow is not away");

    let mut stored_and_refused = 0;
    for _ in 0..MOST_CUTS {
        // Events have just been accepted: the next ones reach the broker, their confirms do not come back.
        thread::sleep(DELAY * 3 / 2);
        proxy.cut();
        trial.until_unready();
        trial.until_refused();
        trial.inbox.take(usize::MAX);
        stored_and_refused = trial.inbox.taken() - trial.tally().accepted;
        proxy.restore();
        trial.until_ready();
        trial.until_accepted();
        if stored_and_refused > 0 {
            break;
        }
    }
    assert!(stored_and_refused > 0, "no cut met confirms on their way");
    trial.finish();
}
