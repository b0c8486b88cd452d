//! The proxy against an echo server.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use harness::{Direction, Proxy, wait_until};

use crate::DEADLINE;

fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                let _ = std::io::copy(&mut stream.try_clone().unwrap(), &mut stream);
                let _ = stream.shutdown(std::net::Shutdown::Write);
            });
        }
    });
    address
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

fn round_trip(stream: &mut TcpStream, message: &[u8]) {
    stream.write_all(message).unwrap();
    let mut echo = vec![0; message.len()];
    stream.read_exact(&mut echo).unwrap();
    assert_eq!(echo, message);
}

fn is_closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0]) {
        Ok(length) => length == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

#[test]
fn bytes_and_the_end_of_the_stream_pass() {
    let proxy = Proxy::start(echo_server());
    let mut stream = connect(&proxy);
    let large: Vec<u8> = (0..1_000_000).map(|n: u32| n.to_le_bytes()[0]).collect();
    let mut writer = stream.try_clone().unwrap();
    let sent = large.clone();
    thread::spawn(move || {
        writer.write_all(&sent).unwrap();
        writer.shutdown(std::net::Shutdown::Write).unwrap();
    });
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    assert!(received == large);
}

#[test]
fn switched_it_leads_new_connections_elsewhere() {
    let proxy = Proxy::start(echo_server());
    let mut before = connect(&proxy);
    round_trip(&mut before, b"before");

    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    proxy.switch_to(elsewhere.local_addr().unwrap());
    let _after = connect(&proxy);
    wait_until("the connection arrives elsewhere", DEADLINE, || elsewhere.accept().is_ok());
    round_trip(&mut before, b"still here");
}

#[test]
fn cut_closes_and_refuses_until_restored() {
    let proxy = Proxy::start(echo_server());
    let mut before = connect(&proxy);
    round_trip(&mut before, b"before");

    proxy.cut();
    let refusal = TcpStream::connect(proxy.address()).unwrap_err();
    assert_eq!(refusal.kind(), ErrorKind::ConnectionRefused);
    assert!(is_closed(&mut before));

    proxy.restore();
    proxy.restore();
    round_trip(&mut connect(&proxy), b"after");
}

#[test]
fn frozen_bytes_arrive_after_the_thaw() {
    let proxy = Proxy::start(echo_server());
    let mut stream = connect(&proxy);
    round_trip(&mut stream, b"before");

    proxy.freeze();
    stream.write_all(b"held").unwrap();
    let mut other = connect(&proxy);
    other.write_all(b"also").unwrap();
    for silent in [&mut stream, &mut other] {
        silent.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        assert_eq!(silent.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        silent.set_read_timeout(Some(DEADLINE)).unwrap();
    }

    proxy.thaw();
    let mut echo = [0; 4];
    stream.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"held");
    other.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"also");
}

#[test]
fn frozen_one_way_bytes_go_on_the_other_way() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap());
    let mut client = connect(&proxy);
    let (mut server, _) = listener.accept().unwrap();
    server.set_read_timeout(Some(DEADLINE)).unwrap();

    for direction in [Direction::ToServer, Direction::ToClient] {
        let (from, to) = match direction {
            Direction::ToServer => (&mut client, &mut server),
            Direction::ToClient => (&mut server, &mut client),
        };
        proxy.freeze_towards(direction);
        from.write_all(b"held").unwrap();
        to.write_all(b"open").unwrap();
        let mut received = [0; 4];
        from.read_exact(&mut received).unwrap();
        assert_eq!(&received, b"open", "{direction:?}");
        to.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        assert_eq!(to.read(&mut received).unwrap_err().kind(), ErrorKind::WouldBlock, "{direction:?}");

        proxy.thaw();
        to.set_read_timeout(Some(DEADLINE)).unwrap();
        to.read_exact(&mut received).unwrap();
        assert_eq!(&received, b"held", "{direction:?}");
    }
}

#[test]
fn frozen_connection_can_be_cut() {
    let proxy = Proxy::start(echo_server());
    let mut stream = connect(&proxy);
    round_trip(&mut stream, b"before");
    proxy.freeze();
    stream.write_all(b"lost").unwrap();
    proxy.cut();
    assert!(is_closed(&mut stream));
}

#[test]
fn stranded_connection_takes_bytes_and_stays_silent_while_new_ones_work() {
    let proxy = Proxy::start(echo_server());
    let mut stranded = connect(&proxy);
    round_trip(&mut stranded, b"before");

    proxy.strand();
    round_trip(&mut connect(&proxy), b"new");
    // More than the proxy would hold back.
    stranded.set_write_timeout(Some(DEADLINE)).unwrap();
    stranded.write_all(&vec![7; 8 << 20]).unwrap();
    stranded.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert_eq!(stranded.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);

    stranded.set_read_timeout(Some(DEADLINE)).unwrap();
    proxy.cut();
    assert!(is_closed(&mut stranded));
}

#[test]
fn delay_is_a_lower_bound_and_can_be_taken_back() {
    const DELAY: Duration = Duration::from_millis(30);
    let proxy = Proxy::start(echo_server());
    let mut stream = connect(&proxy);
    proxy.delay(DELAY);
    let start = Instant::now();
    round_trip(&mut stream, b"slow");
    assert!(start.elapsed() >= 2 * DELAY, "{:?}", start.elapsed());

    proxy.delay(Duration::ZERO);
    wait_until("a round trip below the delay", DEADLINE, || {
        let start = Instant::now();
        round_trip(&mut stream, b"quick");
        start.elapsed() < 2 * DELAY
    });
}

#[test]
fn a_target_that_is_away_closes_the_connection() {
    let away = SocketAddr::from(([127, 0, 0, 1], harness::free_port()));
    let proxy = Proxy::start(away);
    assert!(is_closed(&mut connect(&proxy)));
}

#[tokio::test]
async fn works_inside_an_async_test() {
    let url = format!("amqp://guest:guest@{}/%2f", echo_server());
    let (proxy, through) = Proxy::in_front_of(&url);
    assert_eq!(through, format!("amqp://guest:guest@{}/%2f", proxy.address()));
    round_trip(&mut connect(&proxy), b"hello");
    proxy.cut();
    proxy.restore();
    round_trip(&mut connect(&proxy), b"hello");
}
