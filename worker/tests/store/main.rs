//! The store, the same cases on every backend.

mod cases;
mod computed;
mod counting;
mod database;
mod erasing;
mod events;
mod faults;
mod partitions;
mod postgres;
mod provisioning;
mod replaying;
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
    typed_columns_of_rows_that_are_there_are_filled
    the_schema_is_the_recorded_one
    a_table_of_ones_own_may_refer_to_a_mirrored_one
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
    a_batch_without_a_refused_event_costs_one_transaction
    one_refused_event_in_a_batch_costs_three_transactions
    a_batch_that_is_refused_altogether_costs_three_transactions
    of_several_events_about_one_object_only_the_refused_ones_are_dead
    events_that_cannot_be_together_are_parted
    the_primary_contacts_are_those_the_user_names
    each_typed_column_has_a_case
    a_typed_column_is_its_field_or_null_if_that_is_of_another_type
    data_that_is_no_object_has_no_typed_columns
    lists_hold_the_texts_that_were_found
    a_domain_is_verified_in_any_of_three_ways
    typed_columns_follow_the_data
    members_are_live_users_with_live_memberships_in_live_organizations
    permissions_are_those_of_whichever_is_newer_membership_or_role
    a_user_can_choose_from_organizations_by_membership_invitation_or_domain
    what_is_deleted_is_nobodys_choice
    second_factors_are_told_apart
    members_with_and_without_a_second_factor_are_counted
    invitations_are_pending_until_they_are_answered_or_expire
    sessions_are_active_until_they_end_or_expire
    what_is_asked_about_one_is_found_by_an_index
    the_ledger_is_listed_newest_first_and_filtered
    nothing_personal_of_the_erased_is_left
    no_late_event_brings_the_erased_back
    an_earlier_deletion_still_counts_after_the_erasure
    only_who_was_deleted_can_be_erased
    an_address_that_is_used_again_belongs_to_somebody_else
    those_whose_time_has_come_are_the_longest_deleted
    an_erasure_between_batches_lets_nothing_slip_through
    the_dead_are_applied_once_their_cause_is_gone
    what_was_applied_stays_applied
    a_dead_event_that_the_mirror_has_overtaken_is_stale
    an_ignored_event_is_mirrored_once_it_is_known
    one_event_that_is_still_refused_stays_dead_with_the_reason_of_now
    nobody_who_was_erased_comes_back_by_a_replay
    an_erasure_cleans_the_reasons_of_former_states
    what_may_be_forged_is_replayed_only_on_demand
    what_has_no_payload_is_left_alone
    a_dry_run_says_what_would_be_and_changes_nothing
    a_selection_is_paged_in_the_order_of_receipt
    a_replay_that_was_interrupted_is_finished_by_the_next
    replays_and_workers_at_once_agree
    only_what_both_occurred_and_was_received_before_retention_is_deleted
    however_much_is_past_retention_all_of_it_is_deleted
    history_goes_as_the_ledger_does
    processes_that_run_upkeep_at_once_do_it_once
    events_are_applied_while_upkeep_runs
    stats_count_the_rows_of_every_table
}
