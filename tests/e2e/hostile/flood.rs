//! A flood of bad requests, with good ones in between.
//!
//! `HOSTILE_REQUESTS` says how many bad ones (20,000), `HOSTILE_SEED` which ones (1). With `HOSTILE_FIRST` the first is not
//! that of number 0: with `HOSTILE_REQUESTS=1` beside it, a single exchange comes again.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    env,
    fmt::Write,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use harness::{Outcome, Pace, ProcStat, wait_until};

use super::{
    account::Account,
    client::{Received, play},
    contract::Contract,
    exchange::Exchange,
    judge::judge,
    requests::{FIRST_SLOW, exchange},
    vitals,
};
use crate::{
    backends::{Backends, Database, Queue},
    deployment::{Ingest, PATIENCE, is_ready},
    edge::metric,
    loss::{
        account::{Allowed, settle},
        inbox::Inbox,
        load,
    },
};

pub const BODY_LIMIT: usize = 128 * 1024;
/// Less than usual: slow clients take three times as long.
const REQUEST_TIMEOUT: &str = "3s";
/// After so many bad requests the account is settled; for the first time when all memory has been needed once.
const FIRST_ROUND: usize = 2_000;
const ROUND: usize = 20_000;
/// A flood that is longer is warm only after so many: actix keeps the heads of 128 requests, each as large as it ever was, and
/// gets to all of them only where slow clients are among the others.
const LONG: usize = 300_000;
const AT_ONCE: usize = 64;
/// So many slow clients come at once in every so manieth round.
const SLOW: usize = 300;
const SLOW_EVERY: usize = 5;
/// So many good requests at least are sent in a round.
const SOME: usize = 20;
const GOOD: Pace = Pace { connections: 8, every: Duration::from_millis(50) };
/// More than one line for each start and stop, and none for a request.
const LONGEST_LOG: usize = 16 * 1024;
const MOST_SHOWN: usize = 30;

#[test]
fn bad_requests_are_refused_and_harm_nobody() {
    let (total, seed, first) =
        (number("HOSTILE_REQUESTS", 20_000), number("HOSTILE_SEED", 1), number("HOSTILE_FIRST", 0));
    let backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "hostile");
    let settings = [("BODY_LIMIT", &*BODY_LIMIT.to_string()), ("REQUEST_TIMEOUT", REQUEST_TIMEOUT)];
    let mut ingest = Ingest::start_unready(&backends, &settings);
    wait_until("ingest is ready", PATIENCE, || is_ready(ingest.admin));
    let mut flood = Flood { seed, contract: Contract::of_the_readme(), next: first, tally: Tally::default() };
    // What is made for the first requests stays.
    flood.round(&ingest, &backends, 0, 0);
    let before = vitals::at_rest(&ingest);
    let mut warm: Option<ProcStat> = None;
    let warm_after = if total as usize > LONG { LONG } else { 0 };
    for round in 0.. {
        let left = (total as usize).saturating_sub(flood.tally.bad);
        if left == 0 {
            break;
        }
        let bad = if round == 0 { FIRST_ROUND } else { ROUND };
        let slow = if round % SLOW_EVERY == 0 { SLOW.min(left / 5) } else { 0 };
        flood.round(&ingest, &backends, bad.min(left), slow);
        let now = vitals::at_rest(&ingest);
        vitals::assert_back(&ingest, before);
        if flood.tally.bad >= warm_after {
            vitals::assert_flat(*warm.get_or_insert(now), now);
        }
    }
    flood.tally.assert_counted(&ingest);

    ingest.process.terminate();
    let status = ingest.process.wait(PATIENCE);
    let log = ingest.process.log();
    assert!(status.success(), "{status}: {log}");
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
    assert!(log.len() < LONGEST_LOG, "{} bytes of log: {}", log.len(), ingest.process.log_tail());
}

fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).map_or(default, |number| number.parse().expect("a number"))
}

/// What is sent, and what came of it.
struct Flood {
    seed: u64,
    contract: Contract,
    /// The number of the next exchange.
    next: u64,
    tally: Tally,
}

/// How many were sent and how they were answered.
#[derive(Default)]
struct Tally {
    bad: usize,
    good: usize,
    exchanges: BTreeMap<&'static str, usize>,
    answers: BTreeMap<String, usize>,
}

/// What one round is about.
struct Round {
    account: Account,
    wrong: Vec<String>,
    /// How many bad requests have been begun.
    bad: usize,
}

impl Flood {
    /// Sends so many bad requests from as many slow clients, and good ones beside them, and settles the account.
    fn round(&mut self, ingest: &Ingest, backends: &Backends, bad: usize, slow: usize) {
        let started = Instant::now();
        let good = load::start_at(ingest.address, GOOD);
        let round = RefCell::new(Round { account: Account::default(), wrong: Vec::new(), bad: 0 });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let this = RefCell::new(self);
        runtime.block_on(async {
            let fast = (0..AT_ONCE).map(|_| async {
                loop {
                    let number = {
                        let (mut this, round) = (this.borrow_mut(), round.borrow());
                        if round.bad >= bad {
                            return;
                        }
                        this.next += 1;
                        this.next - 1
                    };
                    Self::play(&this, &round, ingest.address, number).await;
                }
            });
            let first_slow = this.borrow().next + FIRST_SLOW;
            let slow = (first_slow..first_slow + slow as u64)
                .map(|number| Self::play(&this, &round, ingest.address, number));
            tokio::join!(join_all(fast), join_all(slow));
        });
        let this = this.into_inner();
        wait_until("good requests are accepted", PATIENCE, || good.tally().accepted >= SOME);
        let outcomes = good.stop();
        let Round { account, mut wrong, bad } = round.into_inner();
        let (others, queued): (Vec<_>, Vec<_>) = Inbox::new(backends.clone())
            .take_all()
            .into_iter()
            .partition(|delivery| load::number(&delivery.svix_id).is_none());
        for (number, what) in account.settle(&others) {
            let number = number.unwrap_or_default();
            wrong.push(this.describe(number, &exchange(this.seed, number), &what, b""));
        }
        let shown = &wrong[..wrong.len().min(MOST_SHOWN)];
        assert!(wrong.is_empty(), "{} exchanges went wrong:\n{}", wrong.len(), shown.join("\n"));
        settle(&outcomes, &queued, Allowed::default());
        this.tally.bad += bad;
        this.tally.good += outcomes.iter().filter(|outcome: &&Outcome| outcome.is_accepted()).count();
        eprintln!(
            "{} bad requests in all; this round {:.0}/s; {} good ones; {:?}",
            this.tally.bad,
            bad as f64 / started.elapsed().as_secs_f64(),
            this.tally.good,
            vitals::at_rest(ingest),
        );
    }

    async fn play(this: &RefCell<&mut Self>, round: &RefCell<Round>, edge: SocketAddr, number: u64) {
        let seed = this.borrow().seed;
        let exchange = exchange(seed, number);
        round.borrow_mut().bad += exchange.bad();
        let received = play(edge, &exchange).await;
        let (this, round) = (&mut *this.borrow_mut(), &mut *round.borrow_mut());
        *this.tally.exchanges.entry(exchange.family).or_default() += 1;
        let judged = match &received {
            Ok(received) => judge(&exchange, received, &this.contract),
            Err(error) => Err(format!("no connection: {error}")),
        };
        match judged {
            Ok(verdict) => {
                for answer in verdict.answers {
                    *this.tally.answers.entry(answer).or_default() += 1;
                }
                round.account.add(number, verdict.claims);
            }
            Err(what) => {
                let received = received.as_ref().map_or(&b""[..], Received::bytes);
                round.wrong.push(this.describe(number, &exchange, &what, received));
            }
        }
    }

    /// What went wrong, so that it can be understood and done again.
    fn describe(&self, number: u64, exchange: &Exchange, what: &str, received: &[u8]) -> String {
        let mut text = format!("{} ({number}): {what}\n", exchange.family);
        writeln!(text, "  sent: {}", shortened(&exchange.bytes())).unwrap();
        writeln!(text, "  received: {}", shortened(received)).unwrap();
        let seed = self.seed;
        writeln!(text, "  again: HOSTILE_SEED={seed} HOSTILE_FIRST={number} HOSTILE_REQUESTS=1").unwrap();
        text
    }
}

impl Tally {
    /// The edge has counted every answer, too; some nobody has read.
    fn assert_counted(&self, ingest: &Ingest) {
        eprintln!("{:#?}\n{:#?}", self.exchanges, self.answers);
        for (answer, count) in &self.answers {
            let Some((_, code)) = answer.split_once(' ') else { continue };
            let counted = metric(ingest, &format!(r#"requests_total{{outcome="{code}"}}"#));
            assert!(counted >= *count as f64, "{answer}: {count} seen, {counted} counted");
        }
    }
}

/// Bytes as text, without the middle of many.
fn shortened(bytes: &[u8]) -> String {
    const MOST: usize = 3_000;
    if bytes.len() <= MOST {
        return bytes.escape_ascii().to_string();
    }
    let (begin, end) = (&bytes[..MOST / 2], &bytes[bytes.len() - MOST / 2..]);
    format!("{} … {} bytes … {}", begin.escape_ascii(), bytes.len() - MOST, end.escape_ascii())
}
