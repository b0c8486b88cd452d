//! `maintain`: upkeep by hand, or by a role that may do what the workers' may not.

use std::io::{self, Write};

use clap::Args;

use super::{CommandError, output};
use crate::{
    store::{Postponed, Store, Upkeep},
    upkeep::Retention,
};

/// What to keep.
#[derive(Debug, Clone, Args)]
pub struct MaintainArgs {
    /// How long the ledger keeps an event, at least `2d`; `never` drops nothing
    #[arg(long, env = "RETENTION", default_value = "90d", value_name = "TIME")]
    retention: Retention,
    /// One JSON object for each run; there are several while there is much to delete
    #[arg(long)]
    json: bool,
}

impl MaintainArgs {
    pub(super) fn run(&self, store: &dyn Store) -> Result<(), CommandError> {
        loop {
            let upkeep = store.maintain(self.retention.get())?;
            output::write(
                |out| if self.json { output::json_line(out, &upkeep) } else { lines(out, &upkeep) },
            )?;
            if upkeep.unfinished {
                continue;
            }
            return if upkeep.postponed.is_empty() { Ok(()) } else { Err(CommandError::Postponed) };
        }
    }
}

fn lines(out: &mut dyn Write, upkeep: &Upkeep) -> io::Result<()> {
    upkeep.made.iter().try_for_each(|partition| writeln!(out, "made {partition}"))?;
    if upkeep.moved > 0 {
        writeln!(out, "moved {} rows from the default partition", upkeep.moved)?;
    }
    upkeep.dropped.iter().try_for_each(|partition| writeln!(out, "dropped {partition}"))?;
    if upkeep.deleted > 0 {
        writeln!(out, "deleted {} rows", upkeep.deleted)?;
    }
    for Postponed { table, reason } in &upkeep.postponed {
        writeln!(out, "postponed {table}: {reason}")?;
    }
    if upkeep.elsewhere {
        writeln!(out, "another process is at it")?;
    } else if *upkeep == Upkeep::default() {
        writeln!(out, "there was nothing to do")?;
    }
    Ok(())
}
