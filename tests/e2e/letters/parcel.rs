//! Where the queued messages are: waiting, or in the hands of a worker.

use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_types::BigInt};
use harness::wait_until;

use crate::{
    backends::Backends,
    broker::{get, publish_to},
    deployment::{Ingest, PATIENCE, Worker, answers, metric},
    mirror::Mirror,
    signed::post,
};

/// How often a delivery on SQLite is taken in vain before it is a dead letter.
const SQLITE_LIMIT: i64 = 10;

/// More than a test has events to blame: were lanes to hold one each, the next would fall with them.
const LANES: &str = "3";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub inbox: i64,
    pub dead: i64,
}

impl Waiting {
    pub fn all(self) -> i64 {
        self.inbox + self.dead
    }
}

/// What nobody holds.
pub fn waiting(backends: &Backends) -> Waiting {
    let Some(mut file) = queue_file(backends) else {
        let ready = |queue: &str| harness::rabbitmq().queue_depth(queue).unwrap_or_default().into();
        return Waiting { inbox: ready(&backends.inbox()), dead: ready(&backends.dead()) };
    };
    let mut count = |condition: &str| {
        let sql = format!(
            "SELECT count(*) AS count FROM deliveries LEFT JOIN leases USING (seq)
             WHERE coalesce(until_ms, 0) < unixepoch() * 1000 AND coalesce(taken, 0) {condition} {SQLITE_LIMIT}"
        );
        diesel::sql_query(sql).get_result::<Count>(&mut file).unwrap().count
    };
    Waiting { inbox: count("<"), dead: count(">=") }
}

/// Starts a worker and kills it when it has a dead letter in hand. The database must be locked, so that it holds on to that.
pub fn kill_with_a_letter_in_hand(backends: &Backends) {
    let dead = waiting(backends).dead;
    kill_once(backends, |_| waiting(backends).dead < dead);
}

/// Starts a worker and kills it when it is applying events. The database must be locked, so that it does not come to an end.
pub fn kill_in_the_act(backends: &Backends) {
    kill_once(backends, |worker| {
        answers(worker.admin) && metric(worker.admin, "clerk_mirror_worker_lanes_busy") >= Some(1.0)
    });
}

fn kill_once(backends: &Backends, condition: impl Fn(&Worker) -> bool) {
    let all = waiting(backends).all();
    let mut worker = Worker::start_unready(backends, &[("MIGRATE", "never"), ("LANES", LANES)]);
    wait_until("the worker holds it", PATIENCE, || condition(&worker));
    worker.process.kill9();
    // Nobody need wait for leases to run out.
    execute(backends, "UPDATE leases SET until_ms = 0");
    wait_until("it is back", PATIENCE, || waiting(backends).all() == all);
}

/// Makes a dead letter of a signed event. No worker may be about.
pub fn make_dead_letter(backends: &Backends, svix_id: &str, body: &str) {
    let ingest = Ingest::start(backends);
    assert_eq!(post(ingest.address, svix_id, body.as_bytes()).status, 200);
    if queue_file(backends).is_some() {
        execute(
            backends,
            &format!("INSERT INTO leases SELECT max(seq), 7, 0, {SQLITE_LIMIT} FROM deliveries"),
        );
    } else {
        let (properties, body) = get(backends, &backends.inbox()).expect("the event was queued");
        publish_to(backends, &backends.dead(), properties, &body);
    }
}

/// Keeps workers from writing, until it is dropped.
pub struct Lock(Mirror);

impl Lock {
    pub fn take(backends: &Backends) -> Self {
        let mut mirror = Mirror::open(&backends.database_url);
        let sqlite = backends.database_url.starts_with("sqlite");
        mirror.execute(if sqlite { "BEGIN IMMEDIATE" } else { "BEGIN; LOCK TABLE clerk.webhook_events" });
        Self(mirror)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.execute("ROLLBACK");
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn queue_file(backends: &Backends) -> Option<SqliteConnection> {
    let path = backends.queue_url.strip_prefix("sqlite:")?;
    let mut connection = SqliteConnection::establish(path).unwrap();
    diesel::sql_query("PRAGMA busy_timeout = 10000").execute(&mut connection).unwrap();
    Some(connection)
}

/// Changes the queue's file, if it is one.
fn execute(backends: &Backends, sql: &str) {
    if let Some(mut file) = queue_file(backends) {
        diesel::sql_query(sql).execute(&mut file).unwrap();
    }
}
