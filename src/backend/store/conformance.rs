//! What every engine of the store must do, as tests over `dyn Store`. An engine calls [`conformance!`] with a way to make an empty store.

pub mod allowances;
pub mod bundles;
pub mod codes;
pub mod corrections;
pub mod deciding;
pub mod deliveries;
#[path = "../../../tests/support/fairness.rs"]
pub mod fairness;
pub mod golden;
pub mod intake;
pub mod leases;
pub mod live;
pub mod managing;
pub mod people;
pub mod privacy;
pub mod progress;
pub mod queueing;
pub mod races;
pub mod reopening;
pub mod rework;
pub mod statistics;
pub mod upkeep;
pub mod walk;
pub(super) mod world;

pub use world::{SEASON, World, outcome, reject};

/// Runs every test of the suite against the stores that `$fresh` makes: `async fn() -> (impl Store, guard)`.
macro_rules! conformance {
    ($fresh:path) => {
        $crate::backend::store::conformance::conformance!(@each $fresh,
            deciding: [a_decision_is_held_undone_and_frozen, a_late_undo_is_refused, keys_belong_to_actor_and_request,
                a_stale_version_says_what_stands_but_no_verdict, a_doubtful_comparison_needs_two_who_do_not_see_each_other,
                two_who_disagree_ask_a_third, an_undo_takes_back_one_voice_only, only_who_decided_or_an_admin_undoes,
                what_the_machine_refused_is_rejected_but_not_approved, retake_notices_are_limited_and_recorded,
                a_refusal_leaves_nothing_behind],
            intake: [a_roster_is_taken_whole_or_not_at_all, a_roster_again_changes_nothing, what_a_later_roster_does_not_say_it_does_not_take_away, a_student_who_moves_takes_the_counts_along,
                a_student_is_found_by_every_name_within_scope, the_same_photo_is_the_same_attempt,
                a_retake_needs_the_rejection_first, an_outcome_is_recorded_once, a_killed_process_loses_no_job,
                a_notice_without_a_phone_becomes_a_call, personal_data_leaves_masked],
            leases: [photos_go_to_one_reviewer_at_a_time, eight_reviewers_decide_no_photo_twice, a_lease_ends_and_is_told,
                kept_photos_stay_and_others_are_freed, another_scope_sees_nothing],
            live: [what_happens_is_told_once_and_in_order, watchers_see_their_scope_and_no_open_review,
                who_comes_back_too_late_is_told_so],
            people: [an_invitation_opens_once, a_new_invitation_closes_the_old, sessions_end, all_sessions_of_a_user_end_at_once,
                tries_are_counted_for_all_together_and_forgotten, every_role_is_kept, pages_join_without_gaps],
            codes: [a_secret_is_confirmed_by_a_code_and_lies_sealed, no_code_is_accepted_twice, a_recovery_code_stands_in_once,
                a_role_that_needs_codes_owes_them, a_lost_phone_is_reset_by_an_admin, a_try_that_is_half_right_costs_nothing],
            allowances: [an_allowance_is_spent_together_and_comes_back],
            managing: [who_is_disabled_is_out_at_once_and_holds_nothing, a_new_role_and_scope_hold_from_the_next_request,
                a_password_is_reset_by_a_link, an_admin_of_some_units_manages_their_people_alone, nobody_manages_the_own_account,
                ones_own_sessions_are_listed_and_ended],
            progress: [a_roster_ends_parts_in_a_season_and_opens_them_again, who_has_an_approved_photo_does_not_withdraw_by_roster,
                a_new_student_may_come_without_taking_part, overdue_counts_from_the_last_day_of_the_unit_or_the_season,
                first_attempts_are_told_from_retakes, the_days_tell_the_course_and_stay_where_things_happened,
                a_season_of_capture_codes_knows_students_by_key_and_shows_masks, mappings_are_remembered_by_school_and_headings,
                one_of_many_does_a_nightly_chore, reconciling_while_people_work_finds_nothing_wrong],
            queueing: [nothing_has_three_reasons, nobody_holds_more_than_twenty, time_alone_ends_a_lease_and_the_place_stays,
                retakes_and_near_deadlines_come_ahead_and_nobody_overtakes_within_a_kind, a_season_that_closes_moves_places,
                what_is_skipped_is_not_offered_to_the_same_person_for_a_while, a_lead_who_is_asked_for_is_the_only_one_who_judges,
                a_disagreement_goes_to_a_lead_where_the_season_says_so, a_share_of_the_others_gets_a_second_look_by_another,
                sixteen_race_and_the_order_is_fair],
            golden: [a_golden_item_is_told_from_nothing, a_golden_items_review_changes_nobody_and_is_scored,
                a_golden_item_that_needs_two_is_decided_by_somebody_else],
            rework: [a_rework_is_a_new_rendition_and_the_old_one_stays, what_the_machine_refused_waits_for_people_once_it_is_reworked,
                a_review_speaks_of_the_rendition_that_was_seen, a_rework_is_done_once_a_key_by_who_may_and_on_what_stands,
                who_reworks_keeps_the_photo_on_the_screen, a_golden_item_is_reworked_for_its_reviewer_alone],
            statistics: [agreement_is_counted_by_pair_and_against_the_decision, pace_is_measured_from_lease_and_review_and_pauses_are_not],
            reopening: [it_takes_two_people_in_time, everything_that_hung_on_the_approval_goes_back,
                a_reopened_photo_may_be_rejected_and_taken_anew, what_was_told_is_corrected, a_notice_that_was_under_way_is_corrected_too,
                what_has_left_the_house_is_not_reopened, a_dropped_question_is_over],
            corrections: [while_a_correction_is_open_reviews_wait, reviews_outlive_a_new_phone_but_not_a_new_name,
                a_corrected_id_number_is_nobody_elses, a_photo_taken_back_makes_room_for_another, a_student_reaches_their_own_photo_alone,
                closing_stops_students_and_not_reviewers, paid_once_serves_every_retake,
                where_submission_is_guarded_a_photo_waits_for_the_payment],
            deliveries: [an_approval_begins_both_ways_and_a_rejection_none, a_delivery_moves_by_its_version_and_once_a_key,
                a_returned_photo_opens_the_way_for_a_new_one, a_student_who_moves_takes_the_ways_along,
                pages_of_deliveries_join_without_gaps, one_bad_item_spoils_no_other, a_list_moves_deliveries_and_prints],
            bundles: [what_is_out_is_offered_to_nobody_and_comes_back, the_same_intention_is_the_same_bundle,
                the_servers_clock_ends_it_but_an_answer_stays_an_answer, what_was_not_signed_here_is_refused_by_name,
                a_registrar_revokes_what_is_out, a_bundle_brings_nobody_back],
            privacy: [what_is_masked_is_shown_with_a_reason_that_is_written_down, an_hour_allows_so_many_to_one_user,
                who_declines_is_compared_by_people, pictures_go_when_their_time_is_over, identities_go_when_the_season_is_long_over,
                a_person_is_erased_and_the_counts_stay_true, a_person_gets_everything_that_is_kept_of_them],
            races: [sixteen_at_one_photo_leave_a_true_history, sixteen_at_a_doubtful_photo_leave_a_true_history],
            upkeep: [pictures_are_named_in_order_and_part_by_part, what_is_purged_is_wanted_no_more_and_then_named_no_more,
                what_waits_is_told_to_operators],
            walk: [counters_equal_a_scan_after_a_random_walk]
        );
    };
    (@each $fresh:path, $($module:ident: [$($test:ident),*]),*) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $test() {
                let Some((store, _guard)) = $fresh().await else { return };
                let mut world = $crate::backend::store::conformance::World::found(std::sync::Arc::new(store)).await;
                $crate::backend::store::conformance::$module::$test(&mut world).await;
            })*
        })*
    };
}
pub(crate) use conformance;
