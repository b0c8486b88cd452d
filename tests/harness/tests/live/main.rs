//! The harness against real servers, processes and sockets.

mod guardian;
mod http;
mod load;
mod process;
mod proxy;
mod sender;
mod servers;

use std::time::Duration;

/// Long enough for a busy machine; nothing here takes a fraction of it.
const DEADLINE: Duration = Duration::from_secs(60);
