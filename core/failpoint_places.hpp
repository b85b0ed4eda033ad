#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace core {

/// Whose failure a failpoint plays when it is told to throw: decides the kind of the error.
enum class FailingSide : std::uint8_t {
  Source,
  Target,
  Reply,  ///< the target did commit, and its answer is lost
  State,  ///< the local state
};

struct FailpointPlace {
  std::string_view name;
  FailingSide side;
};

/// Every place where the program can be stopped, broken or delayed on purpose: the boundaries of what becomes durable where,
/// and of what is said to either server. docs/failpoints.md says what each one lies between. FAILPOINT() takes no other name, and the
/// crash tests visit every one.
inline constexpr std::array kFailpointPlaces = {
    // The state directory.
    FailpointPlace{"before_store_named", FailingSide::State},
    FailpointPlace{"after_store_named", FailingSide::State},
    FailpointPlace{"before_store_emptied", FailingSide::State},
    FailpointPlace{"after_store_emptied", FailingSide::State},
    // The first start.
    FailpointPlace{"before_ledger_created", FailingSide::Target},
    FailpointPlace{"after_ledger_created", FailingSide::Target},
    FailpointPlace{"before_publication_created", FailingSide::Source},
    FailpointPlace{"after_publication_created", FailingSide::Source},
    FailpointPlace{"before_slot_created", FailingSide::Source},
    FailpointPlace{"after_slot_created", FailingSide::Source},
    FailpointPlace{"after_checkpoint_created", FailingSide::Target},
    FailpointPlace{"after_start_recorded", FailingSide::State},
    // The snapshot.
    FailpointPlace{"after_ids_noted", FailingSide::Target},
    FailpointPlace{"after_ids_adopted", FailingSide::State},
    FailpointPlace{"before_snapshot_exported", FailingSide::Source},
    FailpointPlace{"before_chunks_recorded", FailingSide::State},
    FailpointPlace{"after_chunks_recorded", FailingSide::State},
    FailpointPlace{"before_snapshot_imported", FailingSide::Source},
    FailpointPlace{"before_copy", FailingSide::Source},
    FailpointPlace{"in_copy", FailingSide::Source},
    FailpointPlace{"after_copy", FailingSide::Source},
    FailpointPlace{"before_reached_named", FailingSide::State},
    FailpointPlace{"after_reached_named", FailingSide::State},
    FailpointPlace{"before_piece_state", FailingSide::State},
    FailpointPlace{"after_piece_state", FailingSide::State},
    FailpointPlace{"before_reached_forgotten", FailingSide::State},
    FailpointPlace{"before_unseen_erased", FailingSide::Target},
    FailpointPlace{"before_chunk_finished", FailingSide::State},
    FailpointPlace{"after_chunk_finished", FailingSide::State},
    FailpointPlace{"in_reached_derivation", FailingSide::Target},
    FailpointPlace{"before_strays_removed", FailingSide::Target},
    FailpointPlace{"between_strays_removed", FailingSide::Target},
    FailpointPlace{"after_strays_removed", FailingSide::Target},
    FailpointPlace{"before_snapshot_finished", FailingSide::State},
    FailpointPlace{"after_snapshot_finished", FailingSide::State},
    FailpointPlace{"before_streaming", FailingSide::Source},
    // Reading the stream.
    FailpointPlace{"before_stream_connected", FailingSide::Source},
    FailpointPlace{"before_stream_started", FailingSide::Source},
    FailpointPlace{"after_stream_started", FailingSide::Source},
    FailpointPlace{"after_message_received", FailingSide::Source},
    FailpointPlace{"before_block_held", FailingSide::State},
    FailpointPlace{"after_block_held", FailingSide::State},
    FailpointPlace{"at_stream_abort", FailingSide::State},
    FailpointPlace{"at_stream_commit", FailingSide::State},
    FailpointPlace{"in_held_replay", FailingSide::State},
    FailpointPlace{"before_held_dropped", FailingSide::State},
    FailpointPlace{"before_part_queued", FailingSide::Source},
    FailpointPlace{"before_ack", FailingSide::Source},
    FailpointPlace{"after_ack", FailingSide::Source},
    FailpointPlace{"before_heartbeat", FailingSide::Source},
    // A batch, in the snapshot and in the stream.
    FailpointPlace{"before_target_connected", FailingSide::Target},
    FailpointPlace{"after_batch_begun", FailingSide::Target},
    FailpointPlace{"at_key_change", FailingSide::Target},
    FailpointPlace{"at_truncate", FailingSide::Target},
    FailpointPlace{"after_look_up", FailingSide::Target},
    FailpointPlace{"before_rows_removed", FailingSide::Target},
    FailpointPlace{"before_rows_written", FailingSide::Target},
    FailpointPlace{"after_rows_written", FailingSide::Target},
    FailpointPlace{"in_ordered_replay", FailingSide::Target},
    FailpointPlace{"in_careful_savepoint", FailingSide::Target},
    FailpointPlace{"before_quarantine_written", FailingSide::Target},
    FailpointPlace{"before_checkpoint_moved", FailingSide::Target},
    FailpointPlace{"before_target_commit", FailingSide::Target},
    FailpointPlace{"after_commit_sent", FailingSide::Reply},
    FailpointPlace{"before_doubt_settled", FailingSide::Target},
    FailpointPlace{"after_target_commit", FailingSide::Target},
    FailpointPlace{"in_catch_up", FailingSide::Target},
    FailpointPlace{"before_state_write", FailingSide::State},
    FailpointPlace{"between_state_batches", FailingSide::State},
    FailpointPlace{"before_state_commit", FailingSide::State},
    FailpointPlace{"between_rollback_batches", FailingSide::State},
    FailpointPlace{"after_state_write", FailingSide::State},
    FailpointPlace{"after_progress_moved", FailingSide::Target},
    FailpointPlace{"before_idle_checkpoint", FailingSide::Target},
    FailpointPlace{"after_idle_checkpoint", FailingSide::Target},
    // What comes between batches, and the end.
    FailpointPlace{"before_retry_committed", FailingSide::Target},
    FailpointPlace{"before_mixed_settled", FailingSide::Target},
    FailpointPlace{"after_mixed_settled", FailingSide::State},
    FailpointPlace{"before_stream_stopped", FailingSide::Target},
    FailpointPlace{"after_stream_stopped", FailingSide::Target},
    // The cutover, at every step.
    FailpointPlace{"after_step_begun", FailingSide::Target},
    FailpointPlace{"before_step_ended", FailingSide::Target},
    FailpointPlace{"after_step_ended", FailingSide::Target},
    // Between any two parts of `agent rollback cutover`.
    FailpointPlace{"in_way_back", FailingSide::Target},
    // The switch and the ways back: around every transaction on the target that waits for locks.
    FailpointPlace{"before_patient_commit", FailingSide::Target},
    FailpointPlace{"after_patient_commit", FailingSide::Target},
};

[[nodiscard]] constexpr bool is_failpoint_place(std::string_view name) {
  return std::any_of(kFailpointPlaces.begin(), kFailpointPlaces.end(),
                     [&](const FailpointPlace& place) { return place.name == name; });
}

}  // namespace core
