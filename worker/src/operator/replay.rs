//! `replay`: applying events of the ledger again.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    ops::ControlFlow,
};

use chrono::Utc;
use clap::{ArgGroup, Args};
use serde::Serialize;

use super::{CommandError, events::parse_when, interrupt::Interrupt, output, progress::Progress};
use crate::{
    event::Millis,
    replay::{BATCH, Replay, Summary},
    store::{Selection, Store},
};

/// Which events to replay, and how.
#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("selection").required(true).multiple(true).args(["events", "dead", "event_type", "since", "until"]))]
pub struct ReplayArgs {
    /// These events, by their svix-ids, `msg_…`
    #[arg(value_name = "SVIX_ID", conflicts_with_all = ["dead", "event_type", "since", "until"])]
    events: Vec<String>,
    /// The dead
    #[arg(long)]
    dead: bool,
    /// Those of this type, e.g. `user.created`
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Those received since then: a time ago (`2h`, `7d`) or a moment (`2026-11-23T10:00:00Z`)
    #[arg(long, value_name = "WHEN", value_parser = parse_when)]
    since: Option<Millis>,
    /// Those received before then; without it, before the replay began
    #[arg(long, value_name = "WHEN", value_parser = parse_when)]
    until: Option<Millis>,
    /// Also those whose signature a worker found wrong. They may be forged: only if that worker had the wrong secret
    #[arg(long)]
    unsigned: bool,
    /// Change nothing, and say what would become of them
    #[arg(long)]
    dry_run: bool,
    /// Mirror only this Clerk instance's events; to be set as it is for the workers
    #[arg(long, env = "CLERK_INSTANCE_ID", value_name = "ID")]
    clerk_instance_id: Option<String>,
    /// The summary as one JSON object
    #[arg(long)]
    json: bool,
}

impl ReplayArgs {
    pub(super) fn run(&self, store: &dyn Store) -> Result<(), CommandError> {
        let interrupt = Interrupt::listen()?;
        let mut summary = Summary::default();
        let replayed = self.replay(store, &interrupt, &mut summary);
        // What has been done is done, whatever came then.
        if replayed.is_ok() || summary != Summary::default() {
            output::write(|out| self.report(out, &summary))?;
        }
        match replayed? {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(CommandError::Interrupted),
        }
    }

    fn replay(
        &self,
        store: &dyn Store,
        interrupt: &Interrupt,
        summary: &mut Summary,
    ) -> Result<ControlFlow<()>, CommandError> {
        let instance_id = self.clerk_instance_id.clone();
        let replay = Replay { store, instance_id, unsigned: self.unsigned, dry_run: self.dry_run };
        let proceed =
            || if interrupt.requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        if !self.events.is_empty() {
            return self.replay_events(&replay, summary, proceed);
        }
        let selection = Selection {
            dead: self.dead,
            event_type: self.event_type.clone(),
            since: self.since,
            // What arrives meanwhile is the workers'.
            until: Some(self.until.unwrap_or_else(|| Utc::now().into())),
        };
        let mut progress = Progress::start(|| store.count(&selection))?;
        let after_batch = |summary: &Summary| {
            progress.set(summary.selected);
            proceed()
        };
        Ok(replay.selection(&selection, summary, after_batch)?)
    }

    /// Replays the events that are named, if the ledger has all of them.
    fn replay_events(
        &self,
        replay: &Replay<'_>,
        summary: &mut Summary,
        proceed: impl Fn() -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, CommandError> {
        let mut places = BTreeMap::new();
        for svix_id in &self.events {
            let row = replay.store.event(svix_id)?;
            let row = row.ok_or_else(|| CommandError::NoSuchEvent(svix_id.clone()))?;
            places.insert(row.place(), row);
        }
        let mut rows = places.into_values();
        loop {
            let batch: Vec<_> = rows.by_ref().take(BATCH.into()).collect();
            if batch.is_empty() {
                return Ok(ControlFlow::Continue(()));
            }
            replay.batch(batch, summary)?;
            if proceed().is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }

    fn report(&self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        #[derive(Serialize)]
        struct Report<'a> {
            dry_run: bool,
            #[serde(flatten)]
            summary: &'a Summary,
        }
        if self.json {
            return output::json_line(out, &Report { dry_run: self.dry_run, summary });
        }
        write_summary(out, summary, self.dry_run)
    }
}

fn write_summary(out: &mut dyn Write, summary: &Summary, dry_run: bool) -> io::Result<()> {
    let skipped = summary.skipped();
    let Summary { selected, applied, stale, ignored, dead, unchanged, .. } = *summary;
    let lines = [
        ("selected", selected),
        ("applied", applied),
        ("stale", stale),
        ("ignored", ignored),
        ("dead", dead),
        ("unchanged", unchanged),
        ("skipped", skipped),
    ];
    for (name, count) in lines {
        writeln!(out, "{name:10}{count:>10}")?;
    }
    if summary.still_dead > 0 {
        writeln!(out, "{} are still dead, for the same reason", summary.still_dead)?;
    }
    if summary.skipped_unsigned > 0 {
        let count = summary.skipped_unsigned;
        writeln!(
            out,
            "skipped {count} whose signature was wrong; --unsigned replays them, but they may be forged"
        )?;
    }
    if summary.skipped_without_payload > 0 {
        writeln!(out, "skipped {} of which no payload is kept", summary.skipped_without_payload)?;
    }
    if dry_run {
        writeln!(out, "nothing was changed: this was a dry run")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_what_became_of_all_and_why_some_were_left_alone() {
        let summary = Summary {
            selected: 1234,
            applied: 1000,
            stale: 100,
            ignored: 10,
            dead: 20,
            unchanged: 100,
            still_dead: 5,
            skipped_unsigned: 3,
            skipped_without_payload: 1,
        };
        let mut out = Vec::new();
        write_summary(&mut out, &summary, true).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "selected        1234\n\
             applied         1000\n\
             stale            100\n\
             ignored           10\n\
             dead              20\n\
             unchanged        100\n\
             skipped            4\n\
             5 are still dead, for the same reason\n\
             skipped 3 whose signature was wrong; --unsigned replays them, but they may be forged\n\
             skipped 1 of which no payload is kept\n\
             nothing was changed: this was a dry run\n"
        );
    }
}
