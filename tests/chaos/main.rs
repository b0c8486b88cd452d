//! The chaos run: whatever fails, and however much at once, every accepted event is accounted for exactly once.
//!
//! Real programs, a real RabbitMQ and a real PostgreSQL stand behind proxies; a sender that behaves as Svix does keeps
//! account of every answer; a seeded [`plan`] of [`fault`]s goes on. At the end everything is healed and drained, and
//! what is in the database is held against what was answered.
//!
//! Without settings it is short: every kind of fault once, of a fixed seed. `CHAOS_MINUTES` makes it long, and
//! `CHAOS_SEED`, `CHAOS_RATE` and `CHAOS_REPORT` say the rest: `tests/run chaos --help`.

#[path = "../bench/common/admin.rs"]
mod admin;
mod check;
mod deployment;
mod fault;
mod options;
#[expect(dead_code, reason = "other tests need the rest")]
#[path = "../oracle/mod.rs"]
mod oracle;
mod plan;
mod report;
mod run;
#[expect(dead_code, reason = "other tests need the rest")]
#[path = "../e2e/signed.rs"]
mod signed;
mod stopwatch;
#[path = "../bench/common/table.rs"]
mod table;
mod truth;

use options::Options;

#[test]
fn nothing_is_lost_and_nothing_is_doubled() {
    run::run(&Options::from_environment());
}
