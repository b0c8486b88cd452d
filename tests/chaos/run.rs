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
/// If the ledger has not grown for so long, it no longer does.
const STANDSTILL: Duration = Duration::from_secs(30);

/// Runs, reports, and fails unless all is right.
pub fn run(options: &Options) {
    let Options { seed, length, rate, .. } = *options;
    let plan = Plan::new(seed, length);
    let events = (plan.length.as_secs_f64() * f64::from(rate)) as usize;
    eprintln!(
        "CHAOS_SEED={seed}: {} faults in about {:.0} s, {events} events",
        plan.steps.len(),
        plan.length.as_secs_f64()
    );
    let deployment = Deployment::start(events).unwrap_or_else(|error| panic!("{error:#}"));
    effects::install(&deployment.database_url);

    let stopwatch = Stopwatch::start();
    let clock = SenderClock::default();
    let load = Load { seed, events, rate };
    let sender = Sender::start(load, clock.clone(), stopwatch, deployment.endpoints());
    let over = AtomicBool::new(false);
    let history = thread::scope(|scope| {
        scope.spawn(|| tell(&deployment, &sender, stopwatch, &over));
        let history = fault::perform(&plan, Scene { deployment: &deployment, clock: &clock }, stopwatch);
        over.store(true, Ordering::Relaxed);
        history
    });
    eprintln!("{:7.1} s  all is healed", stopwatch.now().as_secs_f64());
    deployment.heal();
    sender.heal();
    wait_until("all events are sent", SETTLING, || sender.is_done());
    let truth = sender.finish();
    drain(&deployment, truth.sent.iter().filter(|sent| sent.is_accepted()).count());
    eprintln!("{:7.1} s  all is drained", stopwatch.now().as_secs_f64());

    let unstoppable = deployment.stop_instances();
    let logs = options.report.with_extension("logs");
    deployment.keep_logs(&logs).unwrap_or_else(|error| eprintln!("no logs: {error:#}"));
    let mut account = check::settle(&truth, &history, &deployment);
    account.wrong.extend(unstoppable);
    let report = Report::new(options, &history, &truth, account, stopwatch);
    println!("{report}");
    match report.write(&options.report) {
        Ok(()) => println!("written to {}, the logs to {}", options.report.display(), logs.display()),
        Err(error) => println!("not written: {error:#}"),
    }
    assert!(report.is_clean(), "CHAOS_SEED={seed} went wrong; see the report");
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
        let done = recorded >= accepted && deployment.inbox_depth() == 0;
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
