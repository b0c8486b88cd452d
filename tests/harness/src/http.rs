//! A raw HTTP/1.1 client for tests that care about exact bytes: pipelined, stalled, malformed requests.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names as sent, and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of the first header `name`, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    ///
    /// # Panics
    /// If it is not UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }
}

/// Sends `bytes` on a connection of their own and returns the answer.
///
/// # Panics
/// If there is no complete answer within ten seconds.
#[track_caller]
pub fn request(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Response {
    let mut connection = Connection::open(address);
    connection.send(bytes);
    connection.receive()
}

/// A connection: bytes out, answers in.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    deadline: Duration,
    received: Vec<u8>,
    /// An answer to HEAD has the Content-Length of a body that does not come.
    head: bool,
}

impl Connection {
    /// Connects.
    ///
    /// # Panics
    /// If nobody listens.
    #[track_caller]
    pub fn open(address: SocketAddr) -> Self {
        let deadline = Duration::from_secs(10);
        let stream = TcpStream::connect_timeout(&address, deadline)
            .unwrap_or_else(|error| panic!("connect to {address}: {error}"));
        stream.set_nodelay(true).expect("a socket");
        stream.set_write_timeout(Some(deadline)).expect("a socket");
        Self { stream, deadline, received: Vec::new(), head: false }
    }

    /// How long [`Connection::receive`] waits for a complete answer, instead of ten seconds.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sends bytes as they are. An error is not reported: the server may have answered and closed already.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.head = bytes.starts_with(b"HEAD ");
        let _ = self.stream.write_all(bytes);
    }

    /// The next answer.
    ///
    /// # Panics
    /// If it does not arrive complete within the deadline.
    #[track_caller]
    pub fn receive(&mut self) -> Response {
        match self.try_receive() {
            Ok(response) => response,
            Err(error) => panic!("no complete answer within {:?}: {error}", self.deadline),
        }
    }

    /// The next answer.
    ///
    /// # Errors
    /// `UnexpectedEof` if the server closes before a complete answer, `TimedOut` after the deadline.
    pub fn try_receive(&mut self) -> io::Result<Response> {
        let until = Instant::now() + self.deadline;
        let frame = loop {
            if let Some(frame) = Frame::parse(&self.received)? {
                break frame;
            }
            if self.read_more(until)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        };
        let body = if self.head { Some(0) } else { frame.body };
        let end = match body {
            Some(length) => frame.head + length,
            None => {
                while self.read_more(until)? > 0 {}
                self.received.len()
            }
        };
        while self.received.len() < end {
            if self.read_more(until)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        let rest = self.received.split_off(end);
        let mut head = std::mem::replace(&mut self.received, rest);
        let body = head.split_off(frame.head);
        Ok(Response { status: frame.status, headers: headers(&head), body })
    }

    /// Waits until the server closes.
    ///
    /// # Panics
    /// If it sends something first, or does not close within the deadline.
    #[track_caller]
    pub fn wait_closed(&mut self) {
        let until = Instant::now() + self.deadline;
        match self.read_more(until) {
            Err(error) if error.kind() == ErrorKind::TimedOut => panic!("open after {:?}", self.deadline),
            Ok(0) | Err(_) => {}
            Ok(_) => panic!("instead of closing: {}", String::from_utf8_lossy(&self.received)),
        }
    }

    fn read_more(&mut self, until: Instant) -> io::Result<usize> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        let mut chunk = [0; 4096];
        match self.stream.read(&mut chunk) {
            Ok(length) => {
                self.received.extend_from_slice(&chunk[..length]);
                Ok(length)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(ErrorKind::TimedOut.into()),
            Err(error) => Err(error),
        }
    }
}

/// All that a server has sent on one connection, as its answers in order. `is_head` says whether the answer of a number,
/// not counting interim ones, is to HEAD.
///
/// # Errors
/// If it is no HTTP, or ends within an answer.
pub fn answers(mut bytes: &[u8], is_head: impl Fn(usize) -> bool) -> io::Result<Vec<Response>> {
    let mut answers: Vec<Response> = Vec::new();
    while !bytes.is_empty() {
        let frame = Frame::parse(bytes)?.ok_or(ErrorKind::UnexpectedEof)?;
        let number = answers.iter().filter(|answer| answer.status >= 200).count();
        let body = if frame.status >= 200 && is_head(number) { Some(0) } else { frame.body };
        let end = body.map_or(bytes.len(), |length| frame.head + length);
        let (answer, rest) = bytes.split_at_checked(end).ok_or(ErrorKind::UnexpectedEof)?;
        let (head, body) = answer.split_at(frame.head);
        answers.push(Response { status: frame.status, headers: headers(head), body: body.to_vec() });
        bytes = rest;
    }
    Ok(answers)
}

fn headers(head: &[u8]) -> Vec<(String, String)> {
    let head = String::from_utf8_lossy(head);
    let lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

/// Where an answer ends, found without allocating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) status: u16,
    /// The length of the head, its empty line included.
    pub(crate) head: usize,
    /// The length of the body; `None` if it ends with the connection.
    pub(crate) body: Option<usize>,
}

impl Frame {
    /// `None` while the head is incomplete.
    pub(crate) fn parse(bytes: &[u8]) -> io::Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        let malformed = || io::Error::new(ErrorKind::InvalidData, "not an HTTP/1.1 answer");
        let number = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.trim().parse::<usize>().ok();

        let mut lines = bytes[..end].split(|byte| *byte == b'\n');
        let status_line = lines.next().filter(|line| line.starts_with(b"HTTP/1.")).ok_or_else(malformed)?;
        let status = status_line.get(9..12).and_then(number).ok_or_else(malformed)?;
        let status = u16::try_from(status).map_err(|_| malformed())?;

        let mut body = if matches!(status, 100..200 | 204 | 304) { Some(0) } else { None };
        for line in lines {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = (&line[..colon], &line[colon + 1..]);
            if name.eq_ignore_ascii_case(b"content-length") && body.is_none() {
                body = Some(number(value).ok_or_else(malformed)?);
            }
            if name.eq_ignore_ascii_case(b"transfer-encoding") {
                return Err(io::Error::new(ErrorKind::Unsupported, "an answer with Transfer-Encoding"));
            }
        }
        Ok(Some(Self { status, head: end + 4, body }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(answer: &str) -> Option<Frame> {
        Frame::parse(answer.as_bytes()).unwrap()
    }

    #[test]
    fn frame_is_known_once_the_head_is_complete() {
        let answer = "HTTP/1.1 200 OK\r\nServer: x\r\ncontent-LENGTH: 12\r\n\r\n";
        assert_eq!(frame(&answer[..answer.len() - 1]), None);
        assert_eq!(frame(answer), Some(Frame { status: 200, head: answer.len(), body: Some(12) }));
    }

    #[test]
    fn frame_without_a_length_ends_with_the_connection_unless_it_has_no_body() {
        assert_eq!(frame("HTTP/1.0 400 Bad\r\n\r\n").unwrap().body, None);
        for status in ["100 Continue", "204 No Content", "304 Not Modified"] {
            assert_eq!(frame(&format!("HTTP/1.1 {status}\r\n\r\n")).unwrap().body, Some(0), "{status}");
        }
    }

    #[test]
    fn answers_are_told_apart() {
        let sent = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 405 No\r\nContent-Length: 9\r\n\r\n\
            HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        let answers = |sent: &[u8]| super::answers(sent, |number| number == 0);
        let told: Vec<_> =
            answers(sent).unwrap().into_iter().map(|answer| (answer.status, answer.body)).collect();
        assert_eq!(told, [(100, b"".to_vec()), (405, b"".to_vec()), (200, b"{}".to_vec())]);
        assert_eq!(answers(&sent[..sent.len() - 1]).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(answers(b"HTTP/1.1 2").unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(answers(b"").unwrap(), []);
    }

    #[test]
    fn frame_refuses_what_it_cannot_delimit() {
        let answers = [
            "SSH-2.0\r\n\r\n",
            "HTTP/1.1 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ];
        for answer in answers {
            assert!(Frame::parse(answer.as_bytes()).is_err(), "{answer}");
        }
    }
}
