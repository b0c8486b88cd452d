//! Events that the database refuses, among others.

use std::{collections::HashMap, fmt, slice, time::Instant};

use anyhow::ensure;
use clerk_mirror::send::world::Event;
use harness::{Postgres, RabbitMq, psql};
use serde::Serialize;
use serde_json::Value;
use worker::{
    event::{Kind, Table},
    store::{self, StoreOptions},
};

use crate::{BATCH, LANES, backlog, events::Events, worker_process::WorkerProcess};

/// One event in so many is refused.
const ONE_IN: usize = 10_000;

/// How many events are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Poison {
    None,
    OneInTenThousand,
    All,
}

impl Poison {
    /// Every share.
    pub const ALL: [Self; 3] = [Self::None, Self::OneInTenThousand, Self::All];

    /// How many events a second a worker takes of a backlog.
    pub fn measure(self, broker: &RabbitMq, server: &Postgres, events: &Events) -> anyhow::Result<f64> {
        let total = events.len();
        let url = server.fresh_database("poison");
        store::open(&url, &StoreOptions::default())?.migrate()?;
        psql(&url, &self.trigger(events)?);
        psql(server.url(), "CHECKPOINT");
        let inbox = backlog::fill(broker, events.verified())?;

        let mut worker = WorkerProcess::start(&inbox, &url, LANES, BATCH);
        let begun = WorkerProcess::wait_for(slice::from_mut(&mut worker), 1)?;
        let start = Instant::now();
        let ended = WorkerProcess::wait_for(slice::from_mut(&mut worker), total)?;
        let elapsed = start.elapsed();
        worker.stop()?;
        inbox.close(0)?;

        ensure!(ended.events == total, "events came twice: {} of {total} were applied", ended.events);
        let ledger = psql(&url, "SELECT outcome, count(*) FROM clerk.webhook_events GROUP BY 1 ORDER BY 1");
        let count = |outcome: &str| {
            ledger.lines().find_map(|line| line.strip_prefix(outcome)?.parse::<usize>().ok()).unwrap_or(0)
        };
        match self {
            Self::None => ensure!(count("dead|") == 0, "{ledger}"),
            Self::OneInTenThousand => ensure!(count("dead|") == poisonous(events)?.len(), "{ledger}"),
            Self::All => ensure!(count("applied|") == 0 && count("stale|") == 0, "{ledger}"),
        }
        Ok((total - begun.events) as f64 / elapsed.as_secs_f64())
    }

    /// The same trigger on every table, so that it costs the same whatever it refuses.
    fn trigger(self, events: &Events) -> anyhow::Result<String> {
        let condition = match self {
            Self::None => "false".to_owned(),
            Self::OneInTenThousand => {
                let ids: Vec<String> = poisonous(events)?.into_iter().map(|id| format!("'{id}'")).collect();
                format!("split_part(NEW.version, ':', 3) IN ({})", ids.join(", "))
            }
            Self::All => "true".to_owned(),
        };
        let mut sql = format!(
            "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN IF {condition} THEN RAISE 'refused'; END IF; RETURN NULL; END $$;"
        );
        for table in Table::ALL {
            sql.push_str(&format!(
                "CREATE TRIGGER refuse AFTER INSERT OR UPDATE ON clerk.{} FOR EACH ROW EXECUTE FUNCTION public.refuse();",
                table.name()
            ));
        }
        Ok(sql)
    }
}

/// The svix-ids of those that are refused. No other event is about the same object: one of which the same batch holds
/// a newer state would never be written.
fn poisonous(events: &Events) -> anyhow::Result<Vec<&str>> {
    let mut about = HashMap::<String, usize>::new();
    for event in &events.traffic.events {
        *about.entry(object(event)?).or_default() += 1;
    }
    let mut chosen = Vec::new();
    for part in events.traffic.events.chunks(ONE_IN) {
        for event in &part[part.len() / 2..] {
            if matches!(Kind::of(event.event_type), Kind::Snapshot(_)) && about[&object(event)?] == 1 {
                chosen.push(event.svix_id.as_str());
                break;
            }
        }
    }
    Ok(chosen)
}

/// The id of the object an event is about.
fn object(event: &Event) -> anyhow::Result<String> {
    let body: Value = serde_json::from_slice(&event.body)?;
    Ok(body["data"]["id"].to_string())
}

impl fmt::Display for Poison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none refused",
            Self::OneInTenThousand => "one in 10,000 refused",
            Self::All => "all refused",
        })
    }
}
