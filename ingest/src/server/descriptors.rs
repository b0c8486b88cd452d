//! Every connection takes a file descriptor.

use rustix::process::{Resource, getrlimit, setrlimit};

/// What the process opens besides connections: queue, admin endpoints, logs, threads' pollers.
const OTHERS: u64 = 128;

/// Raises this process's limit of open files as far as it may, and warns if `connections` could exceed it.
pub(crate) fn allow(connections: u32) {
    let mut limit = getrlimit(Resource::Nofile);
    let soft = limit.current;
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(error = %error, "cannot raise the limit of open files");
        limit.current = soft;
    }
    let needed = u64::from(connections) + OTHERS;
    if let Some(limit) = limit.current.filter(|limit| *limit < needed) {
        tracing::warn!(
            limit,
            needed,
            "MAX_CONNECTIONS needs more open files than this process may have (ulimit -n)"
        );
    }
}
