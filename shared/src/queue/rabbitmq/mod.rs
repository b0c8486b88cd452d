//! The queue on RabbitMQ: quorum queues, every message confirmed, our own reconnecting.
//!
//! lapin's automatic recovery is not used: it leaves a publish hanging for as long as a broker is away. Instead every
//! failure drops the whole session and a new one is made, from the next URL, after a jittered wait.

mod backlog;
mod connected;
mod consumer;
mod dead_letters;
mod message;
mod publisher;
mod receipt;
mod topology;
mod url;

pub(super) use backlog::watch_backlog;
use connected::{CONNECT_TIMEOUT, Connected, explain};
pub(super) use consumer::RabbitMqConsumer;
pub(super) use dead_letters::RabbitMqDeadLetters;
pub(super) use publisher::RabbitMqPublisher;
pub(super) use topology::Topology;
pub(super) use url::BrokerUrl;
