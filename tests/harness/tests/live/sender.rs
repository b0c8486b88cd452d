//! The accounting sender against a server of a few lines.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use harness::{Outcome, Pace, Sender, wait_until};

use crate::DEADLINE;

const PACE: Pace = Pace { connections: 4, every: Duration::from_millis(1) };

/// Answers each number, a line: every tenth with 503, every seventh not at all. Remembers what it answered; an
/// odd connection is closed after its first answer.
fn server() -> (SocketAddr, Arc<Mutex<HashMap<usize, Outcome>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answered = Arc::new(Mutex::new(HashMap::new()));
    let seen = Arc::clone(&answered);
    thread::spawn(move || {
        for (index, stream) in listener.incoming().enumerate() {
            let seen = Arc::clone(&seen);
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                    let number: usize = line.unwrap().parse().unwrap();
                    let (outcome, answer) = match number {
                        number if number % 10 == 0 => {
                            (answer(503, "busy"), "HTTP/1.1 503 Away\r\nContent-Length: 4\r\n\r\nbusy")
                        }
                        number if number % 7 == 0 => (Outcome::Unanswered, ""),
                        _ => (answer(200, "{}"), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
                    };
                    let before = seen.lock().unwrap().insert(number, outcome);
                    assert_eq!(before, None, "{number} was sent twice");
                    stream.write_all(answer.as_bytes()).unwrap();
                    if answer.is_empty() || index % 2 == 1 {
                        return;
                    }
                }
            });
        }
    });
    (address, answered)
}

fn answer(status: u16, body: &str) -> Outcome {
    Outcome::Answered { status, body: body.to_owned() }
}

#[test]
fn each_request_is_sent_once_and_its_outcome_is_known() {
    let (address, answered) = server();
    let sender = Sender::start(address, PACE, |number| format!("{number}\n").into_bytes());
    wait_until("all kinds of outcomes", DEADLINE, || {
        let tally = sender.tally();
        tally.accepted >= 200 && tally.refused >= 20 && tally.unanswered >= 20
    });
    let outcomes = sender.stop();

    let answered = answered.lock().unwrap();
    for (number, outcome) in outcomes.iter().enumerate() {
        // What the server never read is unanswered too.
        assert_eq!(outcome, answered.get(&number).unwrap_or(&Outcome::Unanswered), "number {number}");
    }
    assert!(answered.keys().all(|number| *number < outcomes.len()));
    assert!(answer(204, "").is_accepted() && !answer(503, "").is_accepted());
    assert!(!Outcome::Unanswered.is_accepted());
}

#[test]
fn waits_for_a_server_that_is_away_and_numbers_nothing_meanwhile() {
    let port = harness::free_port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let sender = Sender::start(address, PACE, |_| b"x".to_vec());
    assert_eq!(sender.tally().sent, 0);
    let listener = TcpListener::bind(address).unwrap();
    drop(listener.accept().unwrap());
    wait_until("a request has failed", DEADLINE, || sender.tally().unanswered > 0);
    drop(listener);
    let tally = sender.tally();
    let outcomes = sender.stop();
    assert!(outcomes.len() >= tally.sent && outcomes.iter().all(|outcome| *outcome == Outcome::Unanswered));
}
