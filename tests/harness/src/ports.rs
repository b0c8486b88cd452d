//! Free loopback ports.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
        if nothing_listens(port) {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + COUNT);
}

/// Asked by knocking. Who listens for a moment instead keeps the port for longer than that: a program that another thread starts
/// then has inherited the listener, until it has become what it is to be.
fn nothing_listens(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let answer = TcpStream::connect_timeout(&address, Duration::from_secs(1));
    answer.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
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
    use std::net::TcpListener;
    use std::process::Command;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    #[test]
    fn gives_no_port_twice() {
        let ports: HashSet<u16> = (0..50).map(|_| free_port()).collect();
        assert_eq!(ports.len(), 50);
    }

    #[test]
    fn is_free_although_programs_are_started_meanwhile() {
        let done = AtomicBool::new(false);
        let taken = thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        Command::new("true").status().unwrap();
                    }
                });
            }
            let taken = (0..3_000).find_map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, free_port())).err());
            done.store(true, Ordering::Relaxed);
            taken
        });
        assert!(taken.is_none(), "{taken:?}");
    }
}
