//! Convergence: the same events leave the same rows, whatever their order, their duplicates, the batches they
//! come in and the workers that apply them.
//!
//! - [`property`]: generated worlds of events in generated arrangements, against a plain fold ([`oracle`]).
//!   `PROPTEST_CASES` says how many, `PROPTEST_RNG_SEED` tries again what failed.
//! - [`contention`]: many workers on few objects. `CONTENTION_EVENTS` says how many events.
//! - [`named`]: the cases people ask about, one by one.

mod case;
mod contention;
mod database;
mod named;
#[expect(dead_code, reason = "here all is compared at once, and nobody asks for keys")]
#[path = "../oracle/mod.rs"]
mod oracle;
mod property;
mod workers;

/// Makes a test of each function for each database.
macro_rules! on_every_backend {
    ($($module:ident::$test:ident)*) => {
        mod on_postgres {
            $(#[test] fn $test() { crate::$module::$test(crate::database::Backend::Postgres); })*
        }
        mod on_sqlite {
            $(#[test] fn $test() { crate::$module::$test(crate::database::Backend::Sqlite); })*
        }
    };
}

on_every_backend! {
    property::every_arrangement_gives_the_same_tables
    contention::many_workers_on_few_objects_lose_nothing
    contention::many_workers_on_the_same_events_lose_nothing
    named::a_late_update_never_revives_a_deleted_user
    named::a_deletion_that_arrives_first_leaves_a_tombstone
    named::a_deleted_membership_needs_no_deleted_flag_and_no_newer_updated_at
    named::of_two_changes_at_one_updated_at_the_later_event_is_kept
    named::of_two_events_at_one_moment_the_greater_svix_id_is_kept
}
