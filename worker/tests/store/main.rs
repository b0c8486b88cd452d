//! The store, the same cases on every backend.

mod cases;
mod database;
mod events;
mod partitions;
mod postgres;
mod sqlite;

/// Runs every case on SQLite and on PostgreSQL, each in a fresh database that has been migrated.
macro_rules! on_every_backend {
    ($($case:ident)*) => {
        mod on_sqlite {
            $(#[test] fn $case() { crate::cases::$case(&crate::sqlite::Sqlite::migrated()); })*
        }
        mod on_postgres {
            $(#[test] fn $case() { crate::cases::$case(&crate::postgres::Postgres::migrated()); })*
        }
    };
}

on_every_backend! {
    a_migrated_database_has_nothing_left_to_migrate
    migrations_go_down_and_up_with_rows_in_place
    every_table_takes_a_row
    a_second_delivery_is_a_duplicate_and_changes_nothing
    a_repeated_delivery_within_a_batch_is_a_duplicate
    an_older_snapshot_is_stale
    of_two_snapshots_in_one_batch_the_newer_is_applied
    at_the_same_updated_at_the_later_event_wins
    an_update_after_the_deletion_leaves_the_row_deleted
    a_deletion_before_the_creation_is_kept
    a_deletion_with_a_snapshot_brings_both
    the_earliest_deletion_is_kept
    events_in_any_order_and_any_batches_give_the_same_row
    workers_that_apply_the_same_events_at_once_agree
    ignored_and_dead_events_are_recorded_and_mirror_nothing
    one_event_that_is_refused_is_dead_and_the_rest_is_applied
    a_refused_event_is_a_duplicate_when_it_is_delivered_again
    a_missing_table_is_no_fault_of_the_events
    the_primary_contacts_are_those_the_user_names
    typed_columns_hold_what_the_data_says
    typed_columns_are_null_where_the_data_is_of_another_type
    typed_columns_follow_the_data
    the_ledger_is_listed_newest_first_and_filtered
    only_what_both_occurred_and_was_received_before_retention_is_deleted
    however_much_is_past_retention_all_of_it_is_deleted
    processes_that_run_upkeep_at_once_do_it_once
    events_are_applied_while_upkeep_runs
    stats_count_the_rows_of_every_table
}
