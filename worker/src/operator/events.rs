//! `events`: reading the ledger.

use std::{
    io::{self, Write},
    time::SystemTime,
};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::{CommandError, output};
use crate::{
    event::Millis,
    store::{EventFilter, FormerState, LedgerRow, Outcome, Store},
};

/// Which events to show, and how.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct EventsArgs {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only of this type, e.g. `user.created`
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Only with this outcome: applied, stale, ignored or dead
    #[arg(long, value_name = "OUTCOME")]
    outcome: Option<Outcome>,
    /// Only about the object with this id, e.g. `user_…`
    #[arg(long, value_name = "ID")]
    object: Option<String>,
    /// Only about the user with this id: the user, their sessions, memberships, messages, payments
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Only received since then: a time ago (`2h`, `7d`) or a moment (`2026-11-23T10:00:00Z`)
    #[arg(long, value_name = "WHEN", value_parser = parse_when)]
    since: Option<Millis>,
    /// At most this many
    #[arg(long, default_value_t = 50, value_name = "NUMBER")]
    limit: u32,
    /// One JSON object a line, payloads included
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum Action {
    /// Show all that is known of one event: payload, error, and what the ledger said before it was replayed
    Show {
        /// The event's svix-id, `msg_…`
        svix_id: String,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// All that is known of one event.
#[derive(Serialize)]
struct Event<'a> {
    #[serde(flatten)]
    row: &'a LedgerRow,
    /// The oldest state first.
    history: &'a [FormerState],
}

impl EventsArgs {
    pub(super) fn run(&self, store: &dyn Store) -> Result<(), CommandError> {
        match &self.action {
            Some(Action::Show { svix_id, json }) => {
                let row = store.event(svix_id)?.ok_or_else(|| CommandError::NoSuchEvent(svix_id.clone()))?;
                let history = store.history(svix_id)?;
                let event = Event { row: &row, history: &history };
                output::write(|out| if *json { output::json_line(out, &event) } else { show(out, &event) })?;
            }
            None => {
                let rows = store.events(&EventFilter {
                    event_type: self.event_type.clone(),
                    outcome: self.outcome,
                    object_id: self.object.clone(),
                    user_id: self.user.clone(),
                    since: self.since,
                    limit: self.limit,
                })?;
                output::write(|out| {
                    if self.json {
                        rows.iter().try_for_each(|row| output::json_line(out, row))
                    } else {
                        list(out, &rows)
                    }
                })?;
            }
        }
        Ok(())
    }
}

fn list(out: &mut dyn Write, rows: &[LedgerRow]) -> io::Result<()> {
    let cells: Vec<_> = rows
        .iter()
        .map(|row| {
            [
                time(row.occurred_at),
                row.outcome.to_string(),
                row.event_type.clone().unwrap_or_else(|| "-".into()),
                row.object_id.clone().unwrap_or_else(|| "-".into()),
                row.svix_id.clone(),
                row.error.clone().unwrap_or_default(),
            ]
        })
        .collect();
    output::table(out, ["OCCURRED", "OUTCOME", "TYPE", "OBJECT", "SVIX-ID", "ERROR"], &cells)
}

fn show(out: &mut dyn Write, Event { row, history }: &Event<'_>) -> io::Result<()> {
    let none = "-";
    let fields = [
        ("svix-id", row.svix_id.as_str()),
        ("type", row.event_type.as_deref().unwrap_or(none)),
        ("object", row.object_id.as_deref().unwrap_or(none)),
        ("user", row.user_id.as_deref().unwrap_or(none)),
        ("instance", row.instance_id.as_deref().unwrap_or(none)),
        ("outcome", row.outcome.as_str()),
        ("error", row.error.as_deref().unwrap_or(none)),
        ("occurred", &time(row.occurred_at)),
        ("received", &time(row.received_at)),
        ("applied", &time(row.applied_at)),
    ];
    for (name, value) in fields {
        writeln!(out, "{name:10}{value}")?;
    }
    for former in *history {
        let (since, until) = (time(former.applied_at), time(former.replaced_at));
        let error = former.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        writeln!(out, "{:10}{}{error} (from {since} to {until})", "before", former.outcome)?;
    }
    match &row.payload {
        Some(payload) => writeln!(out, "\n{}", pretty(payload)),
        None => writeln!(out, "\n(nothing of the payload may be kept)"),
    }
}

fn pretty(payload: &str) -> String {
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(payload);
    parsed.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_else(|_| payload.to_owned())
}

fn time(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A time ago, or a moment.
pub(super) fn parse_when(text: &str) -> Result<Millis, String> {
    let ago = humantime::parse_duration(text).ok().and_then(|ago| SystemTime::now().checked_sub(ago));
    let moment = match ago {
        Some(moment) => moment,
        None => humantime::parse_rfc3339_weak(text)
            .map_err(|_| "is neither a time ago (2h, 7d) nor a moment (2026-11-23T10:00:00Z)".to_owned())?,
    };
    Ok(Millis::from(DateTime::<Utc>::from(moment)))
}
