//! How long an event takes from its POST to its row.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use chrono::DateTime;
use clerk_mirror::send::world::Event;
use diesel::{Connection, ExpressionMethods, PgConnection, QueryDsl, RunQueryDsl, dsl::exists};
use harness::http;

use crate::{
    common::{now, traffic::Signer},
    ingest_process::request,
};

const EVERY: Duration = Duration::from_millis(10);
/// Seldom enough to leave the database to the worker; what is measured is this much too long at worst.
const LOOK_EVERY: Duration = Duration::from_millis(1);

diesel::table! {
    clerk.webhook_events (svix_id) {
        svix_id -> Text,
        occurred_at -> Timestamptz,
    }
}

/// Sends one event after the other and waits for its row each time, but no longer than `patience`. `seen` is told how long
/// that took, and says whether to go on.
pub fn probe(
    events: impl Iterator<Item = Event>,
    signer: &Signer,
    edge: SocketAddr,
    database_url: &str,
    patience: Duration,
    mut seen: impl FnMut(Duration) -> bool,
) -> anyhow::Result<()> {
    let mut database = PgConnection::establish(database_url)?;
    let mut connection = http::Connection::open(edge);
    for event in events {
        let request = request(signer, &event, now());
        let start = Instant::now();
        connection.send(request);
        let status = connection.receive().status;
        ensure!(status == 200, "the edge answered {status}");
        wait_for_row(&mut database, &event, start + patience)?;
        if !seen(start.elapsed()) {
            break;
        }
        thread::sleep(EVERY.saturating_sub(start.elapsed()));
    }
    Ok(())
}

fn wait_for_row(database: &mut PgConnection, event: &Event, deadline: Instant) -> anyhow::Result<()> {
    let svix_id = event.svix_id.as_str();
    let occurred_at = DateTime::from_timestamp_millis(event.timestamp).context("a time")?;
    // With its time only one partition is asked.
    let row = webhook_events::table
        .filter(webhook_events::svix_id.eq(svix_id))
        .filter(webhook_events::occurred_at.eq(occurred_at));
    while !diesel::select(exists(row)).get_result::<bool>(database)? {
        ensure!(Instant::now() < deadline, "event {svix_id} was acknowledged and has no row yet");
        thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

/// The latency, in milliseconds, that `percent` of these did not exceed; they are in order, and not none.
pub fn percentile(latencies: &[Duration], percent: usize) -> f64 {
    latencies[(latencies.len() * percent).div_ceil(100) - 1].as_secs_f64() * 1e3
}
