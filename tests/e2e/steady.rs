//! Steady traffic on kept-alive connections, every answer of which is accounted for.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use harness::{http::Connection, wait_until};

use crate::{
    deployment::PATIENCE,
    signed::{headers_by, now},
};

/// The pace of each connection: traffic all the time, and not more than a busy machine can take.
const PAUSE: Duration = Duration::from_millis(5);

/// Connections that each send one event after the other until told to stop.
pub struct Steady {
    secret: Arc<Mutex<&'static str>>,
    stop: Arc<AtomicBool>,
    connections: Vec<(Arc<AtomicUsize>, JoinHandle<Tally>)>,
}

/// What came of the traffic.
#[derive(Debug, Default)]
pub struct Tally {
    /// The svix-ids that were answered with 200.
    pub accepted: Vec<String>,
    /// Everything else that happened to a request.
    pub failures: Vec<String>,
    /// How many connections were opened because the server had announced that it closes the one before.
    pub reopened: usize,
}

impl Steady {
    /// Begins to send, signed with `secret`.
    pub fn start(address: SocketAddr, connections: usize, secret: &'static str) -> Self {
        let (secret, stop) = (Arc::new(Mutex::new(secret)), Arc::new(AtomicBool::new(false)));
        let connections = (0..connections)
            .map(|number| {
                let answers = Arc::new(AtomicUsize::new(0));
                let mut sender = Sender {
                    number,
                    address,
                    secret: secret.clone(),
                    stop: stop.clone(),
                    answers: answers.clone(),
                    tally: Tally::default(),
                };
                let sending = thread::spawn(move || {
                    sender.run();
                    sender.tally
                });
                (answers, sending)
            })
            .collect();
        Self { secret, stop, connections }
    }

    /// Signs with another secret from the next request on.
    pub fn sign_with(&self, secret: &'static str) {
        *self.secret.lock().unwrap() = secret;
    }

    /// How many requests have been answered.
    pub fn answers(&self) -> usize {
        self.connections.iter().map(|(answers, _)| answers.load(Ordering::SeqCst)).sum()
    }

    /// Waits until every connection has had an answer to a request that began after the call.
    pub fn wait_for_a_round(&self) {
        for (answers, _) in &self.connections {
            // The next answer may be to a request that is under way.
            let enough = answers.load(Ordering::SeqCst) + 2;
            wait_until("a connection is answered", PATIENCE, || answers.load(Ordering::SeqCst) >= enough);
        }
    }

    /// Stops once every request is answered.
    pub fn finish(self) -> Tally {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = Tally::default();
        for (_, sending) in self.connections {
            let Tally { accepted, failures, reopened } = sending.join().expect("the sender does not panic");
            all.accepted.extend(accepted);
            all.failures.extend(failures);
            all.reopened += reopened;
        }
        all
    }
}

struct Sender {
    number: usize,
    address: SocketAddr,
    secret: Arc<Mutex<&'static str>>,
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
    tally: Tally,
}

impl Sender {
    fn run(&mut self) {
        let mut connection = Connection::open(self.address);
        for event in 0.. {
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let id = format!("msg_{}_{event}", self.number);
            connection.send(self.request(&id, event));
            let mut closes = true;
            match connection.try_receive() {
                Ok(response) => {
                    closes = response.header("connection").is_some_and(|value| value == "close");
                    match response.status {
                        200 => self.tally.accepted.push(id),
                        status => self.tally.failures.push(format!("{id}: {status} {}", response.text())),
                    }
                }
                Err(error) => self.tally.failures.push(format!("{id}: {error}")),
            }
            if closes {
                connection = Connection::open(self.address);
                self.tally.reopened += 1;
            }
            self.answers.fetch_add(1, Ordering::SeqCst);
            thread::sleep(PAUSE);
        }
    }

    fn request(&self, id: &str, event: usize) -> Vec<u8> {
        let time = 1_700_000_000_000 + event;
        let body = format!(
            r#"{{"data":{{"id":"user_{}_{event}","updated_at":{time}}},"timestamp":{time},"type":"user.created"}}"#,
            self.number
        );
        let secret = *self.secret.lock().unwrap();
        let headers = headers_by(secret, id, now(), body.as_bytes());
        let length = body.len();
        format!("POST /webhooks/clerk HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
            .into_bytes()
    }
}
