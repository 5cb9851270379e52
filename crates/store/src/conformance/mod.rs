//! What every backend must do, use case by use case. Each test is handed a fresh store; a second
//! backend is one more `stamp!` with its own way of opening one.

mod activity;
mod agents;
mod approvals;
mod containments;
mod control;
mod counters;
mod credentials;
mod declared;
mod directory;
mod durability;
mod elevations;
mod exports;
mod holds;
mod kept_values;
mod key_store;
mod keys;
mod labelled;
mod persons;
mod policies;
mod sizes;
mod tokens;
mod user_list;
mod uses;

use model::{AgentName, KeyHash, RoleName, TenantId, Timestamp, ZoneName};

use crate::{NewAgent, NewKey, Store};

/// A store, and the folder that goes when the test ends.
pub(crate) struct Fresh {
    pub(crate) store: Store,
    pub(crate) folder: tempfile::TempDir,
}

fn sqlite() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db")).unwrap();
    Fresh { store, folder }
}

/// Makes a test of each function for one backend.
macro_rules! stamp {
    ($backend:ident: $($file:ident { $($case:ident)+ })+) => {
        mod $backend {
            $(mod $file {
                $(#[tokio::test]
                async fn $case() {
                    super::super::$file::$case(super::super::$backend()).await;
                })+
            })+
        }
    };
}

stamp! { sqlite:
    agents { an_agent_lives_and_goes a_change_needs_the_version_that_was_read a_list_comes_in_pages tenants_do_not_meet }
    keys { rotation_lets_the_old_key_overlap keys_belong_to_one_agent keys_are_bounded a_key_ends_and_goes }
    containments { a_containment_holds_until_released quarantine_is_not_weakened everything_and_providers_are_held it_outlives_its_agent }
    approvals { an_approval_lets_one_call_through_once a_refusal_counts_at_once two_people_must_approve_where_two_are_needed another_call_needs_its_own what_nobody_decided_in_time_expires only_so_many_of_an_agent_wait tenants_do_not_meet }
    declared { the_configuration_is_the_truth keys_move_and_vanish_with_it declared_agents_are_not_changed_here }
    control { a_change_moves_the_revision keys_point_at_their_agents }
    activity { pages_run_from_new_to_old each_filter_narrows every_field_can_be_asked_for the_most_frequent_values_are_counted times_are_counted_in_bins blocks_meet_without_a_seam filters_together_find_what_each_finds a_replay_changes_nothing a_gap_is_refused a_completion_takes_the_place_of_its_beginning tenants_find_their_own counting_stops_at_its_limit a_rebuilt_index_is_the_same }
    counters { counters_move_with_the_log old_windows_are_forgotten }
    credentials { names_are_one_agents_of_one_tenant signing_keys_are_bounded a_serial_is_revoked_until_it_is_reinstated }
    exports { each_export_has_a_position_of_its_own }
    kept_values { sealed_values_stay_as_they_were_first_kept a_subjects_values_go_and_no_others }
    holds { a_hold_stands_until_it_is_removed }
    key_store { keys_are_found_by_use_and_id an_exchange_is_whole_or_nothing an_erased_key_is_in_no_byte }
    labelled { sessions_are_known_by_what_their_records_say }
    persons { a_person_changes_and_goes what_was_said_is_known_until_it_expires }
    policies { a_version_is_in_force_once_another_person_approved_it }
    elevations { one_counts_from_its_approval_to_its_end only_so_many_are_open what_was_taken_stays_until_it_is_signed_off }
    tokens { a_token_is_found_by_its_hash }
    directory { a_directory_finds_those_alone_of_whom_it_told a_directory_lists_in_the_order_of_telling who_is_told_to_have_left_leaves_in_one_step members_come_and_go_with_their_group a_link_is_one_persons_until_it_is_parted }
    user_list { lines_come_in_parts_in_every_order }
    uses { each_question_finds_what_a_search_finds what_agents_reached_is_counted_by_agent }
    durability { what_was_answered_survives_without_a_close readers_see_whole_transactions_while_a_writer_writes a_dropped_future_does_not_stop_the_store a_broken_file_is_an_error }
    sizes { ten_thousand_agents_load_at_once }
}

pub(crate) fn main() -> TenantId {
    TenantId::main()
}

pub(crate) fn name(text: &str) -> AgentName {
    AgentName::new(text).unwrap()
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

pub(crate) fn hash(number: u64) -> KeyHash {
    KeyHash::of(&number.to_be_bytes())
}

pub(crate) fn key(number: u64) -> NewKey {
    NewKey { hash: hash(number), label: format!("key {number}"), expires: None }
}

pub(crate) fn agent(text: &str) -> NewAgent {
    NewAgent {
        name: name(text),
        owner: Some("owner@example.com".to_owned()),
        purpose: None,
        roles: vec![RoleName::new("support").unwrap()],
        zone: ZoneName::new("production").unwrap(),
        tier: None,
    }
}
