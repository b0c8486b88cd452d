//! What the two ends measure.

mod consumer;
mod publisher;

pub use consumer::ConsumerMetrics;
pub(super) use consumer::{Backlog, LossKind as ConsumerLoss, Source};
pub use publisher::PublisherMetrics;
pub(super) use publisher::{LossKind, State, Unconfirmed};
