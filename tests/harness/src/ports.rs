//! Free loopback ports.

use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Below the range the kernel hands to outgoing connections (32768 and up on Linux). A port from that range
/// can be taken by any connection while its server is down; worse, a client that keeps reconnecting to it
/// over loopback in the end connects to itself. RabbitMQ's default 25672 and up is left out.
const FIRST: u32 = 20_000;
const COUNT: u32 = 5_000;

/// A loopback TCP port on which nothing listens, given out once in this process.
///
/// # Panics
/// If there is none left.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = start();
    for _ in 0..COUNT {
        let given = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(given < COUNT, "all {COUNT} ports have been given out");
        let port = u16::try_from(FIRST + (start + given) % COUNT).expect("below 65536");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + COUNT);
}

/// Two test processes at the same time begin at different places.
fn start() -> u32 {
    static START: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *START.get_or_init(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
        process::id().wrapping_mul(7919).wrapping_add(now) % COUNT
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn gives_no_port_twice() {
        let ports: HashSet<u16> = (0..50).map(|_| free_port()).collect();
        assert_eq!(ports.len(), 50);
    }
}
