//! A run, from an empty database to the settled account.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_types::BigInt};
use harness::wait_until;

use crate::{
    check::{self, effects},
    deployment::Deployment,
    fault::{self, Scene},
    options::Options,
    plan::Plan,
    report::Report,
    stopwatch::Stopwatch,
    truth::{Load, Sender, SenderClock, Tally},
};

const SAY_EVERY: Duration = Duration::from_secs(10);
/// Every event that is accepted once all is well.
const SETTLING: Duration = Duration::from_secs(120);
/// By then whoever has a connection that is half open has found out.
const IDLENESS: Duration = Duration::from_secs(45);
/// If the ledger has not grown for so long, it no longer does.
const STANDSTILL: Duration = Duration::from_secs(30);

/// Runs, reports, and fails unless all is right.
pub fn run(options: &Options) {
    let Options { seed, length, rate, .. } = *options;
    let plan = Plan::new(seed, length);
    eprintln!("CHAOS_SEED={seed}: {length}, {rate} events/s");
    let room = plan.estimate().as_secs() as usize * rate as usize;
    let deployment = Deployment::start(room).unwrap_or_else(|error| panic!("{error:#}"));
    effects::install(&deployment.database_url);

    let stopwatch = Stopwatch::start();
    let clock = SenderClock::default();
    let sender = Sender::start(Load { seed, rate }, clock.clone(), stopwatch, deployment.endpoints());
    let over = AtomicBool::new(false);
    let (history, idle) = thread::scope(|scope| {
        scope.spawn(|| tell(&deployment, &sender, stopwatch, &over));
        let scene = Scene { deployment: &deployment, clock: &clock };
        let history = fault::perform(plan, length, scene, stopwatch);
        eprintln!("{:7.1} s  nothing is wrong any more", stopwatch.now().as_secs_f64());
        deployment.heal();
        let idle = idle(&deployment);
        over.store(true, Ordering::Relaxed);
        (history, idle)
    });
    sender.settle();
    wait_until("all events are sent", SETTLING, || sender.is_done());
    let truth = sender.finish();
    drain(&deployment, truth.sent.iter().filter(|sent| sent.is_accepted()).count());
    eprintln!("{:7.1} s  all is drained", stopwatch.now().as_secs_f64());

    let unstoppable = deployment.stop_instances();
    let logs = options.report.with_extension("logs");
    deployment.keep_logs(&logs).unwrap_or_else(|error| eprintln!("no logs: {error:#}"));
    let mut account = check::settle(&truth, &history, &deployment);
    account.wrong.extend(idle.into_iter().chain(unstoppable));
    let report = Report::new(options, &history, &truth, account, stopwatch);
    println!("{report}");
    match report.write(&options.report) {
        Ok(()) => println!("written to {}, the logs to {}", options.report.display(), logs.display()),
        Err(error) => println!("not written: {error:#}"),
    }
    assert!(report.is_clean(), "CHAOS_SEED={seed} went wrong; see the report");
}

/// Instances that do nothing although there is something to do and nothing is wrong.
fn idle(deployment: &Deployment) -> Vec<String> {
    let before = deployment.done();
    let began = Instant::now();
    loop {
        let now = deployment.done();
        let idle = before.iter().zip(&now).filter(|((_, before), (_, now))| before >= now);
        let idle: Vec<_> = idle
            .map(|((part, _), _)| format!("{part} did nothing for {IDLENESS:?} after everything was healed"))
            .collect();
        if idle.is_empty() || began.elapsed() > IDLENESS {
            return idle;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Says now and then how things stand.
fn tell(deployment: &Deployment, sender: &Sender, stopwatch: Stopwatch, over: &AtomicBool) {
    let mut said = Instant::now();
    while !over.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(100));
        if said.elapsed() < SAY_EVERY {
            continue;
        }
        said = Instant::now();
        let Tally { events, accepted, requests } = sender.tally();
        let recorded =
            recorded(deployment).map_or("database away".to_owned(), |n| format!("{n} in the ledger"));
        eprintln!(
            "{:7.1} s  {events} events, {accepted} accepted, {recorded}, {requests} requests",
            stopwatch.now().as_secs_f64()
        );
    }
}

/// Waits until the ledger has as many events as were accepted, and the inbox none, or until nothing moves any more.
fn drain(deployment: &Deployment, accepted: usize) {
    let (mut last, mut moved) = (0, Instant::now());
    loop {
        let recorded = recorded(deployment).unwrap_or_default();
        if recorded != last {
            (last, moved) = (recorded, Instant::now());
        }
        let done = recorded >= accepted && deployment.is_inbox_empty();
        if done || moved.elapsed() > STANDSTILL {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many events the ledger has; nothing while the database is away.
fn recorded(deployment: &Deployment) -> Option<usize> {
    let url = format!("{}?connect_timeout=2", deployment.database_url);
    let mut connection = PgConnection::establish(&url).ok()?;
    let count = diesel::sql_query("SELECT count(*) AS count FROM clerk.webhook_events");
    count.get_result::<Count>(&mut connection).ok()?.count.try_into().ok()
}
