//! Bad input of every kind: requests to the edge, and messages in the queue.

mod account;
mod client;
mod contract;
mod exchange;
mod flood;
mod generator;
mod judge;
mod messages;
mod request;
mod requests;
mod vitals;
