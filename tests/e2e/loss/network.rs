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
fn slow_then_cut_with_events_and_then_with_confirms_on_their_way() {
    let allowed = Allowed { codes: &["queue_unavailable"], ..Allowed::default() };
    let (proxy, mut trial) = start("loss_slow", &[], allowed);
    proxy.delay(DELAY);
    trial.until_accepted();
    assert_eq!(trial.tally().refused, 0, "slow is not away");

    // Right after an answer the next events are on their way to the broker; they never reach it.
    cut_and_restore(&proxy, &mut trial);
    for _ in 0..MOST_CUTS {
        // A little later they have reached it, and their confirms never come back.
        thread::sleep(DELAY * 3 / 2);
        if cut_and_restore(&proxy, &mut trial) {
            trial.finish();
            return;
        }
    }
    panic!("no cut met confirms on their way");
}

/// Whether the queue holds events that were refused: their confirms were on their way.
fn cut_and_restore(proxy: &Proxy, trial: &mut Trial) -> bool {
    proxy.cut();
    trial.until_unready();
    trial.until_refused();
    trial.inbox.take(usize::MAX);
    let met_confirms = trial.inbox.taken() > trial.tally().accepted;
    proxy.restore();
    trial.until_ready();
    trial.until_accepted();
    met_confirms
}
