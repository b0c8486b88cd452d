//! What an operator does with the database by hand. The all-in-one program offers the same commands.

mod erase;
mod events;
mod interrupt;
mod maintain;
mod output;
mod progress;
mod replay;
mod stats;

use clap::Subcommand;

pub use erase::EraseArgs;
pub use events::EventsArgs;
pub use maintain::MaintainArgs;
pub use replay::ReplayArgs;
pub use stats::StatsArgs;

use crate::store::{Store, StoreError};

/// An operator's command.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Bring the database's schema up to date
    Migrate,
    /// List what became of the events, newest first, or show one
    Events(EventsArgs),
    /// Apply events of the ledger again: the dead once their cause is gone, the ignored once their type is known
    ///
    /// Those received first come first, by the same rules as if they had just arrived: what the mirror knows already, or
    /// knows better, moves nothing, and who has been erased stays erased. So it is safe beside running workers, and safe
    /// to interrupt and to run again. The ledger's rows change where there is news; what they were before is kept, see
    /// `events show`.
    Replay(ReplayArgs),
    /// Remove a deleted user's personal data from mirror and ledger
    ///
    /// What stays: that the user was deleted and when, that events came, and what was bought, without the person.
    Erase(EraseArgs),
    /// Show how much there is in each table
    Stats(StatsArgs),
    /// Keep the ledger in partitions and drop what is past retention, as every worker does once an hour
    Maintain(MaintainArgs),
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The database's fault.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The output could not be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] std::io::Error),
    /// The user is still there.
    #[error("{0} has not been deleted: delete the user in Clerk first")]
    NotDeleted(String),
    /// No such user.
    #[error("the mirror has no user {0}")]
    NoSuchUser(String),
    /// No such event.
    #[error("the ledger has no event {0}")]
    NoSuchEvent(String),
    /// Stopped by Ctrl-C.
    #[error("interrupted; what was replayed stays, run it again for the rest")]
    Interrupted,
    /// Part of the upkeep has to wait; what and why has been written.
    #[error("not everything could be done; try again later")]
    Postponed,
}

impl Command {
    /// Does it. Blocks.
    pub fn run(&self, store: &dyn Store) -> Result<(), CommandError> {
        match self {
            Self::Migrate => migrate(store),
            Self::Events(args) => args.run(store),
            Self::Replay(args) => args.run(store),
            Self::Erase(args) => args.run(store),
            Self::Stats(args) => args.run(store),
            Self::Maintain(args) => args.run(store),
        }
    }
}

fn migrate(store: &dyn Store) -> Result<(), CommandError> {
    let names = store.migrate()?;
    output::write(|out| {
        if names.is_empty() {
            writeln!(out, "the schema is up to date")?;
        }
        names.iter().try_for_each(|name| writeln!(out, "migrated {name}"))
    })?;
    Ok(())
}
