//! States and actions, for people who read a counterexample.

use std::fmt::{self, Display, Formatter};

use super::{
    action::{Action, Fault, Place},
    state::{Account, Attempt, Chunk, Database, Hold, Message, Progress, Published, Round, State, Worker},
};
use crate::{
    events::{Each, EventId, Events, list},
    world::Row,
};

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publish(events) => write!(f, "the sender sends {events}, ingest publishes [{events}]"),
            Self::Store(Published { message, .. }) => write!(f, "the broker makes {message} durable"),
            Self::Confirm(events) => write!(f, "ingest gets the confirm and answers 2xx for {events}"),
            Self::Take(worker, (first, None)) => write!(f, "{} takes {first}", Name(*worker)),
            Self::Take(worker, (first, Some(second))) => {
                write!(f, "{} takes {first} and {second}", Name(*worker))
            }
            Self::LookUp(place) => write!(f, "{place} looks up which events the ledger has"),
            Self::CommitMirror(place, chunk) => write!(f, "{place} commits the mirror with {chunk}"),
            Self::Commit(place, chunk) => write!(f, "{place} commits {chunk}"),
            Self::Acknowledge(place) => write!(f, "{place} acknowledges"),
            Self::Fault(fault) => write!(f, "FAULT: {fault}"),
        }
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestBroken(id) => write!(f, "the request with {id} breaks off"),
            Self::AnswerLost(id) => write!(f, "the 2xx for {id} is lost, or {id} is sent twice"),
            Self::PublisherLost { late } => {
                f.write_str("ingest crashes or loses its connection to the broker, ")?;
                match *late {
                    Events::NONE => f.write_str("and nothing that was on its way arrives"),
                    late => write!(f, "and of what was on its way {late} arrives late"),
                }
            }
            Self::Refused(Published { message, .. }) => write!(f, "the broker refuses {message}"),
            Self::BrokerCrash => f.write_str("the broker crashes"),
            Self::ConsumerLost(worker) => write!(f, "{} loses its connection to the broker", Name(*worker)),
            Self::WorkerCrash(worker) => write!(f, "{} crashes", Name(*worker)),
            Self::CommitUnanswered(place, chunk) => write!(f, "{place} commits {chunk} and is not told"),
        }
    }
}

struct Name(usize);

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "worker {}", self.0 + 1)
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { worker, round } = self;
        write!(f, "{}", Name(*worker))?;
        if *round > 0 { write!(f, ", in round {},", round + 1) } else { Ok(()) }
    }
}

impl Display for State {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { attempts, accepted, published, confirms, ready, workers, database, faults: _ } = self;
        write!(
            f,
            "sender {attempts} | 2xx {accepted} | published {published} | confirms {confirms} | queue {ready}"
        )?;
        for (number, worker) in workers.iter().enumerate() {
            write!(f, " | {} {worker}", Name(number))?;
        }
        write!(f, " | {database}")
    }
}

impl Display for Each<Attempt> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        list(f, EventId::ALL.iter().map(|&id| format!("{id} {:?}", self[id])))
    }
}

impl Display for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.0)
    }
}

impl Display for Published {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.message.fmt(f)
    }
}

impl Display for Worker {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        list(f, self.rounds())
    }
}

impl Display for Round {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.messages().try_for_each(|message| message.fmt(f))?;
        match self.hold {
            Hold::Unacknowledged => {}
            Hold::Acknowledged => f.write_str(" acknowledged")?,
            Hold::Lost => f.write_str(" no longer its own")?,
        }
        match self.progress {
            Progress::Begun => {}
            Progress::LookedUp(known) => write!(f, " looked up (had {known})")?,
            Progress::Merged(chunk, _) => write!(f, " mirror has {chunk}")?,
        }
        match self.committed {
            Each([0, 0]) => Ok(()),
            _ if self.is_committed() => f.write_str(" committed"),
            _ => f.write_str(" partly committed"),
        }
    }
}

impl Display for Chunk {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        list(f, self.deliveries())
    }
}

impl Display for Database {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { row: Row { data, deleted_at }, ledger, effects } = self;
        f.write_str("row ")?;
        list(f, data.iter())?;
        if let Some(at) = deleted_at {
            write!(f, " deleted at {at}")?;
        }
        f.write_str(" | ledger ")?;
        let account = |id| {
            let Account { rows, outcome } = ledger[id];
            let outcome = outcome.map_or_else(String::new, |outcome| format!(" {outcome:?}"));
            let times = if rows > 1 { format!(", {rows} times") } else { String::new() };
            format!("{id}{outcome}{times}")
        };
        list(f, self.accounted().iter().map(account))?;
        f.write_str(" | effects ")?;
        list(f, EventId::ALL.iter().map(|&id| format!("{id} {}", effects[id])))
    }
}
