#include "tests/crash/visits.hpp"

#include <algorithm>
#include <iterator>

namespace crash {

namespace {

using enum Phase;

const Visit kVisits[] = {
    // A life ends a step further than the one before it.
    {.failpoint = "before_store_named", .phase = Start},
    {.failpoint = "after_store_named", .phase = Start},
    {.failpoint = "before_ledger_created", .phase = Start},
    {.failpoint = "after_ledger_created", .phase = Start},
    {.failpoint = "before_publication_created", .phase = Start},
    {.failpoint = "after_publication_created", .phase = Start},
    {.failpoint = "before_slot_created", .phase = Start},
    {.failpoint = "after_slot_created", .phase = Start},
    {.failpoint = "after_checkpoint_created", .phase = Start},
    {.failpoint = "after_start_recorded", .phase = Start},

    {.failpoint = "after_ids_noted", .phase = Snapshot},
    {.failpoint = "after_ids_adopted", .phase = Snapshot},
    {.failpoint = "before_snapshot_exported", .phase = Snapshot},
    {.failpoint = "before_chunks_recorded", .phase = Snapshot},
    {.failpoint = "after_chunks_recorded", .phase = Snapshot},
    {.failpoint = "before_target_connected", .phase = Snapshot, .most = 2},
    {.failpoint = "before_snapshot_imported", .phase = Snapshot, .most = 2},
    {.failpoint = "before_reached_named", .phase = Snapshot},
    {.failpoint = "after_reached_named", .phase = Snapshot},
    {.failpoint = "before_reached_forgotten", .phase = Snapshot},
    {.failpoint = "before_copy", .phase = Snapshot, .most = 2},
    {.failpoint = "in_copy", .phase = Snapshot, .most = 2},
    {.failpoint = "after_copy", .phase = Snapshot, .most = 2},
    {.failpoint = "after_look_up", .phase = Snapshot, .most = 4},
    {.failpoint = "before_rows_written", .phase = Snapshot, .most = 4},
    {.failpoint = "after_rows_written", .phase = Snapshot, .most = 4},
    {.failpoint = "before_target_commit", .phase = Snapshot, .most = 4},
    {.failpoint = "after_commit_sent", .phase = Snapshot, .most = 4},
    {.failpoint = "before_piece_state", .phase = Snapshot, .most = 4},
    {.failpoint = "before_state_write", .phase = Snapshot, .most = 4},
    {.failpoint = "after_piece_state", .phase = Snapshot, .most = 4},
    {.failpoint = "before_unseen_erased", .phase = Snapshot, .killed_before = "before_chunk_finished"},
    {.failpoint = "before_chunk_finished", .phase = Snapshot, .most = 4},
    {.failpoint = "after_chunk_finished", .phase = Snapshot, .most = 4},
    {.failpoint = "in_reached_derivation", .phase = Snapshot},
    {.failpoint = "before_strays_removed", .phase = Snapshot},
    {.failpoint = "between_strays_removed", .phase = Snapshot},
    {.failpoint = "after_strays_removed", .phase = Snapshot},
    {.failpoint = "before_snapshot_finished", .phase = Snapshot},
    {.failpoint = "after_snapshot_finished", .phase = Snapshot},
    {.failpoint = "before_streaming", .phase = Snapshot},
    {.failpoint = "before_mixed_settled", .phase = Snapshot},
    {.failpoint = "after_mixed_settled", .phase = Snapshot},

    {.failpoint = "before_stream_connected", .phase = Stream},
    {.failpoint = "before_stream_started", .phase = Stream},
    {.failpoint = "after_stream_started", .phase = Stream},
    {.failpoint = "before_heartbeat", .phase = Stream},
    {.failpoint = "after_message_received", .phase = Stream, .most = 60},
    {.failpoint = "before_part_queued", .phase = Stream, .most = 3},
    {.failpoint = "after_batch_begun", .phase = Stream},
    {.failpoint = "at_key_change", .phase = Stream},
    {.failpoint = "after_look_up", .phase = Stream, .most = 3},
    {.failpoint = "before_rows_removed", .phase = Stream},
    {.failpoint = "before_rows_written", .phase = Stream, .most = 3},
    {.failpoint = "after_rows_written", .phase = Stream, .most = 3},
    {.failpoint = "before_quarantine_written", .phase = Stream},
    {.failpoint = "before_checkpoint_moved", .phase = Stream},
    {.failpoint = "before_target_commit", .phase = Stream},
    {.failpoint = "after_commit_sent", .phase = Stream},
    {.failpoint = "before_doubt_settled", .phase = Stream, .besides = ";after_commit_sent=throw@1"},
    {.failpoint = "before_target_connected", .phase = Stream, .least = 2, .lure = Lure::LostTarget},
    {.failpoint = "after_target_commit", .phase = Stream},
    {.failpoint = "in_catch_up", .phase = Stream, .killed_before = "after_target_commit"},
    {.failpoint = "before_state_write", .phase = Stream},
    {.failpoint = "after_state_write", .phase = Stream},
    {.failpoint = "after_progress_moved", .phase = Stream},
    {.failpoint = "before_ack", .phase = Stream, .most = 2},
    {.failpoint = "after_ack", .phase = Stream, .most = 2},
    {.failpoint = "in_ordered_replay", .phase = Stream, .lure = Lure::Swap},
    {.failpoint = "in_careful_savepoint", .phase = Stream, .lure = Lure::Refused},
    {.failpoint = "before_retry_committed", .phase = Stream, .lure = Lure::Retry},
    {.failpoint = "at_truncate", .phase = Stream, .lure = Lure::Truncate},
    {.failpoint = "before_block_held", .phase = Stream, .most = 3, .lure = Lure::Much},
    {.failpoint = "after_block_held", .phase = Stream, .most = 3, .lure = Lure::Much},
    {.failpoint = "at_stream_abort", .phase = Stream, .lure = Lure::Much},
    {.failpoint = "at_stream_commit", .phase = Stream, .lure = Lure::Much},
    {.failpoint = "in_held_replay", .phase = Stream, .most = 3, .lure = Lure::Much},
    {.failpoint = "between_state_batches", .phase = Stream, .lure = Lure::Much},
    {.failpoint = "before_state_commit", .phase = Stream, .lure = Lure::Much},
    {.failpoint = "between_rollback_batches",
     .phase = Stream,
     .lure = Lure::Much,
     .killed_before = "between_state_batches"},
    {.failpoint = "before_held_dropped", .phase = Stream, .lure = Lure::Much},
    {.failpoint = "before_idle_checkpoint", .phase = Stream, .lure = Lure::Idleness},
    {.failpoint = "after_idle_checkpoint", .phase = Stream, .lure = Lure::Idleness},
    {.failpoint = "before_stream_stopped", .phase = Stream, .lure = Lure::Stop},
    {.failpoint = "after_stream_stopped", .phase = Stream, .lure = Lure::Stop},
    // In this order: each finds a store of the other layout.
    {.failpoint = "after_store_emptied", .phase = Stream, .lure = Lure::OtherLayout},
    {.failpoint = "before_store_emptied", .phase = Stream, .lure = Lure::OtherLayout},

    {.failpoint = "after_step_begun", .phase = Cutover, .most = 7},
    {.failpoint = "before_step_ended", .phase = Cutover, .most = 7},
    {.failpoint = "after_step_ended", .phase = Cutover, .most = 7},
    {.failpoint = "in_way_back", .phase = WayBack, .most = 8},
    {.failpoint = "before_patient_commit", .phase = WayBack},
    {.failpoint = "after_patient_commit", .phase = WayBack},
};

}  // namespace

std::span<const Visit> visits() { return kVisits; }

std::vector<Visit> visits(Phase phase) {
  std::vector<Visit> chosen;
  std::copy_if(std::begin(kVisits), std::end(kVisits), std::back_inserter(chosen),
               [&](const Visit& visit) { return visit.phase == phase; });
  return chosen;
}

}  // namespace crash
