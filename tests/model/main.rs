//! The delivery protocol as a model, and a visit to every state that it can get into.
//!
//! The other tests run the program and see some of what can happen. Here nothing runs: what the sender, the edge, the broker, the
//! workers and the database do is written down as steps from one state to the next, and [`explorer`] takes all of them, in
//! every order, with a fault at every moment. What holds in all the states there are, holds of the protocol. That the program
//! follows the protocol is for the other tests to show (`tests/e2e/loss`, `tests/convergence`).
//!
//! # What is modelled
//!
//! Two events about one object ([`world`]), A and B, two workers, and these steps ([`delivery`]):
//!
//! ```text
//! sender ──▶ ingest ──publish──▶ broker: store ──▶ queue ──take──▶ worker: commit ──▶ mirror row, ledger row
//!        ◀─2xx──┘ ◀───confirm──────┘                    ◀─acknowledge──┘ then
//! ```
//!
//! - The sender sends each event until it gets a 2xx.
//! - The edge publishes a message with one event or with both, and answers once the confirm is there.
//! - A worker takes a message or two as a round, in whatever order. It commits the deliveries one or two at a time, the merge
//!   into the mirror and the ledger's rows in one transaction, and acknowledges the round after that.
//! - At any moment something may go wrong ([`delivery::Fault`]): a request, an answer, a connection or a confirm is lost; ingest, a
//!   worker or the broker crashes; a message is refused; a commit goes through and nobody is told. How often, and how much
//!   is done at once, is bounded ([`delivery::Bounds`]).
//!
//! What must be true is in [`properties`], and [`promises`] checks it. [`protocol`] has each choice that the program has made,
//! with what people choose instead; [`known_bad`] shows for each of those which promises break. That what is interesting
//! happens at all is shown by [`landmarks`] and by single [`walks`].
//!
//! # What is left out, and why
//!
//! - **Time.** What is down for long, slow or blocked takes its next step late, and every step may be late. So there are neither
//!   timeouts nor waits between attempts. No run can go on for ever (`Exploration::ends`); so what is true wherever nothing
//!   more can happen becomes true in every run.
//! - **The inside of a transaction.** `INSERT … ON CONFLICT DO UPDATE` locks the row until the commit, even where it changes nothing;
//!   so transactions about one row happen one after the other, and one that is rolled back did not happen. That the SQL does
//!   what [`delivery`] says of it is for `tests/convergence` to show.
//! - **The order in the queue.** Redeliveries and several workers leave none; here any message may be the next.
//! - **What a confirm stands for.** Stored is stored: on a quorum queue by a majority, on SQLite with an fsync. A SQLite queue has leases
//!   for what are connections here.
//! - **Events that are refused, delivery limits, dead letters** and the splitting of messages that come back again and again. With
//!   the few faults there are here, nothing comes back often enough.
//! - **Several objects.** They share no rows, and a batch keeps one order of writing.
//!
//! # How to read a counterexample
//!
//! A test that fails prints the shortest run that breaks a promise: the first state in full, then each step with what it changed.
//! `cargo test --test model known_bad -- --nocapture` prints those of the known bad ways. This is what becomes of a deletion that
//! updates take back:
//!
//! ```text
//! never a step back: broken by this run
//!        sender A Due, B Due | 2xx - | published - | confirms - | queue - | worker 1 - | …
//!    1. the sender sends A, ingest publishes [A]
//!        sender A InFlight, B Due | published [A]
//!    …
//!    8. worker 2 commits A
//!        worker 2 [A] committed | row A | ledger A Applied, B Applied | effects A 1, B 1
//! ```
//!
//! `[A, B]` is one message with two events. `row A deleted at 2` shows the snapshot of A and a deletion, `effects` counts how often a
//! trigger on the mirror has fired for each event.
//!
//! # How far it goes
//!
//! With `-- --nocapture` the tests say how many states they visited. `MODEL_FAULTS=2 cargo test --release --test model` lets two things go
//! wrong in every arrangement, and takes a minute.
//!
//! The search is our own: it is short, and it has to show that no run goes on for ever. The model checker `stateright` does not: it
//! does not follow circles, and its `eventually` may overlook a violation where paths join. It also takes states for equal by a
//! hash of 64 bits, and brings a dozen crates, a web server among them.

mod delivery;
mod events;
mod explorer;
mod known_bad;
mod landmarks;
mod promises;
mod properties;
mod protocol;
mod walks;
mod world;
