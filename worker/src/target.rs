//! What everything that applies events shares.

use std::sync::Arc;

use crate::{event::Policy, metrics::Metrics, store::Store};

/// Where events go, what is accepted, and what is counted.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) policy: Policy,
    pub(crate) metrics: Metrics,
}
