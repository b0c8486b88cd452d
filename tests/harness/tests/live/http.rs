//! The raw client against a server of a few lines.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use harness::http::{Connection, request};

/// Takes one connection, reads `expected` bytes, sends `answer`, then closes.
fn serve(expected: usize, answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut vec![0; expected]).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
    });
    address
}

#[test]
fn request_reads_an_answer() {
    let address = serve(5, "HTTP/1.1 400 Bad Request\r\nX-A:  1\r\nContent-Length: 2\r\n\r\n{}");
    let response = request(address, "hello");
    assert_eq!((response.status, response.text()), (400, "{}"));
    assert_eq!((response.header("x-a"), response.header("x-b")), (Some("1"), None));
}

#[test]
fn pipelined_answers_are_told_apart() {
    let answers = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na\
                   HTTP/1.1 204 No Content\r\n\r\n\
                   HTTP/1.1 503 Away\r\nConnection: close\r\n\r\nuntil the end";
    let mut connection = Connection::open(serve(3, answers));
    connection.send("abc");
    let received: Vec<_> = (0..3).map(|_| connection.receive()).collect();
    assert_eq!(received.iter().map(|response| response.status).collect::<Vec<_>>(), [200, 204, 503]);
    assert_eq!((received[0].text(), received[2].text()), ("a", "until the end"));
    connection.wait_closed();
}

#[test]
fn answer_to_head_has_no_body() {
    let mut connection = Connection::open(serve(4, "HTTP/1.1 405 No\r\nContent-Length: 9\r\n\r\n"));
    connection.send("HEAD / HTTP/1.1\r\n\r\n");
    let response = connection.receive();
    assert_eq!((response.status, response.body.len()), (405, 0));
}

#[test]
fn broken_and_missing_answers_are_told_apart() {
    let mut closing = Connection::open(serve(0, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"));
    assert_eq!(closing.try_receive().unwrap_err().kind(), ErrorKind::UnexpectedEof);

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut waiting = Connection::open(silent.local_addr().unwrap()).deadline(Duration::from_millis(20));
    assert_eq!(waiting.try_receive().unwrap_err().kind(), ErrorKind::TimedOut);
}

#[test]
#[should_panic(expected = "instead of closing: HTTP/1.1 408")]
fn an_answer_is_not_a_close() {
    Connection::open(serve(0, "HTTP/1.1 408 Request Timeout\r\n\r\n")).wait_closed();
}
