//! Messages that nobody but a stranger can have put into the queue.

mod groups;
mod message;
mod mutated;
mod plain;
mod trial;
