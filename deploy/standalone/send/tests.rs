//! Sending, to a server that answers as it is told.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use shared::signature::Secret;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{Plan, Progress, Summary, send, send_until};

const SECRET: &str = "whsec_c2VuZC10ZXN0cy1zaWduLXdpdGgtdGhpcw==";

/// A request as it arrived.
#[derive(Debug)]
struct Received {
    line: String,
    headers: HashMap<String, String>,
    body: Bytes,
}

/// What the server does with a request.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Status(u16),
    /// Says nothing and closes the connection.
    Close,
    /// Says nothing for ever.
    Silence,
}

/// How a request is answered, given how often its svix-id has been seen before.
type Manner = fn(usize) -> Answer;

struct Server {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    _accepting: JoinHandle<()>,
}

impl Server {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&received);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, manner, Arc::clone(&shared)));
            }
        });
        Self { address, received, _accepting: accepting }
    }

    fn plan(&self) -> Plan {
        plan_for(self.address)
    }

    fn requests(&self) -> Vec<Received> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }
}

fn plan_for(address: SocketAddr) -> Plan {
    let target = format!("http://{address}/webhooks/clerk").parse().unwrap();
    Plan { count: 40, concurrency: 4, retries: 2, ..Plan::new(target, SECRET.parse().unwrap()) }
}

async fn serve(stream: TcpStream, manner: Manner, received: Arc<Mutex<Vec<Received>>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let mut headers = HashMap::new();
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).await.ok()?;
            let Some((name, value)) = header.trim_end().split_once(": ") else { break };
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let mut body = vec![0; headers["content-length"].parse().unwrap()];
        stream.read_exact(&mut body).await.ok()?;
        let seen = {
            let mut received = received.lock().unwrap();
            let seen = received.iter().filter(|other| other.headers["svix-id"] == headers["svix-id"]).count();
            received.push(Received { line, headers, body: body.into() });
            seen
        };
        match manner(seen) {
            Answer::Status(status) => {
                let answer = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 2\r\n\r\n{{}}");
                stream.write_all(answer.as_bytes()).await.ok()?;
            }
            Answer::Close => return None,
            Answer::Silence => std::future::pending().await,
        }
    }
}

fn answers(summary: &Summary) -> Vec<(u16, u64)> {
    summary.answers.clone().into_iter().collect()
}

#[tokio::test]
async fn events_arrive_signed_and_as_they_are() {
    let server = Server::start(|_| Answer::Status(200)).await;
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    let plan = server.plan();
    let mut events: Vec<_> = plan.events().collect();
    let summary = send(plan).await.unwrap();
    assert!(summary.is_complete(), "{summary}");
    assert_eq!((summary.events, summary.requests, answers(&summary)), (40, 40, vec![(200, 40)]));
    assert!(summary.latency.is_some());

    let secret: Secret = SECRET.parse().unwrap();
    let mut requests = server.requests();
    for request in &requests {
        assert_eq!(request.line, "POST /webhooks/clerk HTTP/1.1\r\n");
        let header = |name: &str| request.headers[name].as_str();
        assert_eq!(header("content-type"), "application/json");
        assert_eq!(header("host"), server.address.to_string());
        let timestamp: i64 = header("svix-timestamp").parse().unwrap();
        assert!(timestamp >= before);
        assert_eq!(header("svix-signature"), secret.sign(header("svix-id"), timestamp, &request.body));
    }
    requests.sort_by(|a, b| a.headers["svix-id"].cmp(&b.headers["svix-id"]));
    events.sort_by_key(|event| event.svix_id);
    for (request, event) in requests.iter().zip(&events) {
        assert_eq!(request.headers["svix-id"], event.svix_id.as_str());
        assert_eq!(request.body, event.body);
    }
}

#[tokio::test]
async fn duplicates_are_sent_beside_the_events() {
    let server = Server::start(|_| Answer::Status(200)).await;
    let plan = Plan { duplicates: "25%".parse().unwrap(), shuffle: true, ..server.plan() };
    let summary = send(plan).await.unwrap();
    assert!(summary.is_complete(), "{summary}");
    assert_eq!((summary.events, summary.duplicates, summary.requests), (40, 10, 50));
}

#[tokio::test]
async fn only_the_types_asked_for_are_sent() {
    let server = Server::start(|_| Answer::Status(200)).await;
    let plan = Plan { types: vec!["user.created", "role.deleted"], ..server.plan() };
    let summary = send(plan).await.unwrap();
    assert_eq!(summary.events, 40);
    for request in server.requests() {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert!(body["type"] == "user.created" || body["type"] == "role.deleted", "{body}");
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again_under_the_same_id() {
    let manner: Manner = |seen| Answer::Status(if seen == 0 { 503 } else { 204 });
    let server = Server::start(manner).await;
    let summary = send(server.plan()).await.unwrap();
    assert!(summary.is_complete(), "{summary}");
    assert_eq!((summary.requests, summary.retries), (80, 40));
    assert_eq!(answers(&summary), [(204, 40), (503, 40)]);
}

#[tokio::test]
async fn what_will_not_pass_is_not_tried_again() {
    let server = Server::start(|_| Answer::Status(400)).await;
    let summary = send(server.plan()).await.unwrap();
    assert!(!summary.is_complete());
    assert_eq!((summary.undelivered, summary.requests, summary.retries), (40, 40, 0));
}

#[tokio::test]
async fn an_event_is_delivered_if_its_duplicate_is() {
    let manner: Manner = |seen| Answer::Status(if seen == 0 { 400 } else { 200 });
    let server = Server::start(manner).await;
    let plan = Plan { duplicates: "100%".parse().unwrap(), ..server.plan() };
    let summary = send(plan).await.unwrap();
    assert!(summary.is_complete(), "{summary}");
    assert_eq!(answers(&summary), [(200, 40), (400, 40)]);
}

#[tokio::test]
async fn a_broken_connection_is_replaced() {
    let manner: Manner = |seen| if seen == 0 { Answer::Close } else { Answer::Status(200) };
    let server = Server::start(manner).await;
    let summary = send(server.plan()).await.unwrap();
    assert!(summary.is_complete(), "{summary}");
    assert_eq!(summary.errors["connection broken"], 40);
    assert_eq!(summary.retries, 40);
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let server = Server::start(|_| Answer::Silence).await;
    let plan = Plan { count: 3, retries: 1, timeout: Duration::from_millis(50), ..server.plan() };
    let summary = send(plan).await.unwrap();
    assert_eq!((summary.undelivered, summary.retries, summary.errors["timeout"]), (3, 3, 6));
    assert!(summary.latency.is_none());
}

#[tokio::test]
async fn nobody_listening_is_an_error_of_every_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let plan = Plan { count: 3, retries: 1, ..plan_for(address) };
    let summary = send(plan).await.unwrap();
    assert_eq!((summary.undelivered, summary.errors["cannot connect"]), (3, 6));
}

#[tokio::test]
async fn stopping_brings_what_is_under_way_to_its_end() {
    let server = Server::start(|_| Answer::Status(200)).await;
    let stop = CancellationToken::new();
    // A pace at which it would take months: it cannot end but by being stopped.
    let plan = Plan { count: 100_000_000, rate: Some(10.0), ..server.plan() };
    let sending = tokio::spawn(send_until(plan, stop.clone(), Progress::hidden()));
    tokio::time::timeout(Duration::from_secs(30), async {
        while server.received.lock().unwrap().len() < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    stop.cancel();
    let summary = sending.await.unwrap().unwrap();
    assert!(!summary.is_complete());
    assert!(summary.events >= 3 && summary.events < 100_000_000);
    assert_eq!((summary.undelivered, summary.requests), (0, summary.events));
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["answers"]["200"], summary.events);
}
