#pragma once

#include <optional>

#include "agent/environment.hpp"
#include "agent/source_mark.hpp"
#include "apply/ledger.hpp"
#include "core/lsn.hpp"
#include "pg/exported_snapshot.hpp"
#include "pg/session.hpp"
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

/// Empties the local state when it is an old copy that was put back: behind the target, and the source no longer sends what it lacks; or when
/// an agent with another state directory had the slot since. It is then rebuilt as a lost one is. Before anything else uses the store.
void discard_outdated(const Environment& environment, state::Store& store);

/// What the stream's connection calls itself: names this state directory, so that after a crash its orphan is told from another agent.
[[nodiscard]] std::string stream_purpose(const state::Store& store);

/// Makes ledger, publication and slot where they are missing, and reconciles what is there. Throws Error(Refused) where going on would lose
/// changes, with both values and the remedy. Repeatable: a crash at any point inside is healed by the next call. From then on this process
/// holds `ledger`: another one that has the slot, and cannot be seen, writes no more. Throws Error(State) when one is seen.
[[nodiscard]] StartPosition establish(const Environment& environment, state::Store& store, apply::Ledger& ledger);

/// What a command that writes without a stream, beside no agent, goes by.
enum class GoesBy : bool {
  LocalState,  ///< refused when an agent with another state directory has had the slot since this one's: Error(Refused)
  Target,      ///< refused only while that agent is seen on the target: Error(State)
};

/// Takes the slot for such a command, as establish() does. Without a checkpoint there is nothing to take. Precondition: the ledger is there.
void take_checkpoint(const Environment& environment, state::Store& store, pg::Session& target, apply::Ledger& ledger,
                     GoesBy goes_by);

/// Whether an agent with another state directory has had the slot last, or one with a copy of this: the local state is outdated.
[[nodiscard]] bool is_of_another_agent(const apply::Checkpoint& checkpoint, const state::Store& store);

/// Whether whoever has had the slot last may be at work beside this process: of this very directory, nobody can be. Of a copy with the same
/// tokens, the original can. What bears this directory's run is nobody's left-over then, and is not ended.
[[nodiscard]] bool may_be_at_work(const Environment& environment, const apply::Checkpoint& checkpoint,
                                  const state::Store& store);

}  // namespace agent
