//! The faults, as data.

mod act;
mod history;
mod perform;

pub use act::Scene;
pub use history::{Disturbance, Done, History};
pub use perform::perform;

use std::fmt;

use clerk_mirror::send::world::Dice;
use harness::Direction;

/// So many `ingest`s and so many `worker`s run.
pub const INSTANCES: usize = 2;

/// Something that goes wrong for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Killed with SIGKILL, an instance while it waits for an answer from behind it, and started again at the end.
    Killed(Part),
    /// Stopped as an operator does it, and started again at the end.
    Stopped(Part),
    /// One line of a hop, or all of them.
    Network(Hop, Lines, Trouble),
    /// The broker believes to have no memory left, and blocks publishers.
    MemoryAlarm,
    /// The broker believes to have no disk left, and blocks publishers.
    DiskAlarm,
    /// The inbox may hold next to nothing, and nobody takes anything out of it.
    QueueFull,
    /// The database's disk has no room left.
    DatabaseDiskFull,
    /// The sender's clock is wrong.
    Clock(Drift),
    /// One after another, all that runs is stopped and started again.
    RollingRestart,
}

/// Something that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Ingest(usize),
    Worker(usize),
    Broker,
    Database,
}

/// Between two things that run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hop {
    SenderToIngest,
    IngestToBroker,
    WorkerToBroker,
    WorkerToDatabase,
}

/// Each instance has a line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    One(usize),
    All,
}

/// What a network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Connections are closed, and no new ones made.
    Cut,
    /// Everything arrives late.
    Delayed,
    /// The connections there are go silent for good, new ones work.
    HalfOpen,
    /// Nothing arrives until the end.
    Frozen,
    /// In one direction nothing arrives until the end.
    FrozenTowards(Direction),
}

/// How a clock is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    Ahead,
    Behind,
}

/// What two faults may not disturb at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    Part(Part),
    Line(Hop, usize),
    Clock,
}

impl Hop {
    pub const ALL: [Self; 4] =
        [Self::SenderToIngest, Self::IngestToBroker, Self::WorkerToBroker, Self::WorkerToDatabase];
}

impl Trouble {
    pub const ALL: [Self; 6] = [
        Self::Cut,
        Self::Delayed,
        Self::HalfOpen,
        Self::Frozen,
        Self::FrozenTowards(Direction::ToServer),
        Self::FrozenTowards(Direction::ToClient),
    ];
}

impl Lines {
    pub fn indices(self) -> impl Iterator<Item = usize> {
        (0..INSTANCES).filter(move |&line| match self {
            Self::One(one) => one == line,
            Self::All => true,
        })
    }
}

impl Fault {
    /// One of every kind, which instance or line it meets being drawn.
    pub fn each(dice: &mut Dice) -> Vec<Self> {
        let mut faults = vec![
            Self::MemoryAlarm,
            Self::DiskAlarm,
            Self::QueueFull,
            Self::DatabaseDiskFull,
            Self::Clock(Drift::Ahead),
            Self::Clock(Drift::Behind),
            Self::RollingRestart,
        ];
        let parts = [Part::Ingest(dice.below(INSTANCES)), Part::Worker(dice.below(INSTANCES))];
        for part in parts.into_iter().chain([Part::Broker, Part::Database]) {
            faults.extend([Self::Killed(part), Self::Stopped(part)]);
        }
        for trouble in Trouble::ALL {
            let lines = |dice: &mut Dice| match dice.below(INSTANCES + 1) {
                INSTANCES => Lines::All,
                line => Lines::One(line),
            };
            faults.extend(Hop::ALL.map(|hop| Self::Network(hop, lines(dice), trouble)));
        }
        faults
    }

    /// What no other fault may disturb meanwhile.
    pub fn holds(self) -> Vec<Holds> {
        match self {
            Self::Killed(part) => {
                let line = part.line_behind().map(|(hop, line)| Holds::Line(hop, line));
                [Holds::Part(part)].into_iter().chain(line).collect()
            }
            Self::Stopped(part) => vec![Holds::Part(part)],
            Self::Network(hop, lines, _) => lines.indices().map(|line| Holds::Line(hop, line)).collect(),
            Self::MemoryAlarm | Self::DiskAlarm => vec![Holds::Part(Part::Broker)],
            Self::QueueFull => {
                let lines = Lines::All.indices().map(|line| Holds::Line(Hop::WorkerToBroker, line));
                [Holds::Part(Part::Broker)].into_iter().chain(lines).collect()
            }
            Self::DatabaseDiskFull => vec![Holds::Part(Part::Database)],
            Self::Clock(_) => vec![Holds::Clock],
            Self::RollingRestart => {
                let instances = (0..INSTANCES).flat_map(|index| [Part::Ingest(index), Part::Worker(index)]);
                instances.chain([Part::Broker, Part::Database]).map(Holds::Part).collect()
            }
        }
    }

    /// Without what is drawn: what faults are counted by.
    pub fn kind(self) -> String {
        match self {
            Self::Killed(part) => format!("{} killed", part.kind()),
            Self::Stopped(part) => format!("{} stopped", part.kind()),
            Self::Network(hop, _, trouble) => format!("{hop} {trouble}"),
            other => other.to_string(),
        }
    }
}

impl Part {
    /// The line on which an instance passes events on.
    fn line_behind(self) -> Option<(Hop, usize)> {
        match self {
            Self::Ingest(index) => Some((Hop::IngestToBroker, index)),
            Self::Worker(index) => Some((Hop::WorkerToDatabase, index)),
            Self::Broker | Self::Database => None,
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Ingest(_) => "ingest",
            Self::Worker(_) => "worker",
            Self::Broker => "broker",
            Self::Database => "database",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Killed(part) => write!(f, "{part} killed"),
            Self::Stopped(part) => write!(f, "{part} stopped"),
            Self::Network(hop, Lines::One(line), trouble) => write!(f, "{hop} {trouble}, line {}", line + 1),
            Self::Network(hop, Lines::All, trouble) => write!(f, "{hop} {trouble}, all lines"),
            Self::MemoryAlarm => f.write_str("broker's memory alarm"),
            Self::DiskAlarm => f.write_str("broker's disk alarm"),
            Self::QueueFull => f.write_str("queue full"),
            Self::DatabaseDiskFull => f.write_str("database's disk full"),
            Self::Clock(Drift::Ahead) => f.write_str("sender's clock ahead"),
            Self::Clock(Drift::Behind) => f.write_str("sender's clock behind"),
            Self::RollingRestart => f.write_str("rolling restart"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ingest(index) | Self::Worker(index) => write!(f, "{} {}", self.kind(), index + 1),
            Self::Broker | Self::Database => f.write_str(self.kind()),
        }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SenderToIngest => "sender→ingest",
            Self::IngestToBroker => "ingest→broker",
            Self::WorkerToBroker => "worker→broker",
            Self::WorkerToDatabase => "worker→database",
        })
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cut => "cut",
            Self::Delayed => "delayed",
            Self::HalfOpen => "half open",
            Self::Frozen => "frozen",
            Self::FrozenTowards(Direction::ToServer) => "frozen one way, there",
            Self::FrozenTowards(Direction::ToClient) => "frozen one way, back",
        })
    }
}
