//! Faults of the database under running load. Whatever fails, the worker waits with the batch in hand: nothing is dead
//! that is not itself the fault, nothing is lost or doubled, and no event is delivered a second time.

mod network;
mod poison;
mod postgres;
mod sqlite;
mod trial;
