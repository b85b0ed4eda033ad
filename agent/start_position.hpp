#pragma once

#include <optional>

#include "agent/environment.hpp"
#include "agent/source_mark.hpp"
#include "apply/ledger.hpp"
#include "core/lsn.hpp"
#include "pg/exported_snapshot.hpp"
#include "state/store.hpp"

namespace agent {

/// Where a run starts from, once checkpoint row, local state, slot and source identity were found to agree (docs/checkpoint-decisions.md
/// lists every disagreement with its one answer).
struct StartPosition {
  apply::Checkpoint checkpoint;  ///< of the target: the authority
  core::Lsn local;               ///< what the local state holds; behind the checkpoint after a crash between the two
  SourceMark mark;               ///< of source and target, as of this start
  /// The snapshot that came with a slot that was made just now; none when the slot was there already.
  std::optional<pg::ExportedSnapshot> first_snapshot;
};

/// Empties the local state when it is an old copy that was put back: behind the target, and the source no longer sends what it lacks. It is
/// then rebuilt as a lost one is. Before anything else uses the store.
void discard_outdated(const Environment& environment, state::Store& store);

/// What the stream's connection calls itself: names this state directory, so that after a crash its orphan is told from another agent.
[[nodiscard]] std::string stream_purpose(const state::Store& store);

/// Makes ledger, publication and slot where they are missing, and reconciles what is there. Throws Error(Refused) where going on would lose
/// changes, with both values and the remedy. Repeatable: a crash at any point inside is healed by the next call.
[[nodiscard]] StartPosition establish(const Environment& environment, state::Store& store, const apply::Ledger& ledger);

}  // namespace agent
