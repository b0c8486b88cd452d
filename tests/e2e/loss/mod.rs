//! Faults under running load. Whatever fails, all that was answered with a 2xx is in the queue, once and byte for
//! byte; everything else was refused with a 503 that says why, or never answered.

pub mod account;
mod broker;
mod consumer;
mod edge;
pub mod inbox;
pub mod load;
mod network;
mod queue;
mod trial;
mod vigil;
