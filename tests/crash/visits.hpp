#pragma once

#include <span>
#include <string>
#include <vector>

#include "tests/crash/staff.hpp"

namespace crash {

/// Which of the agent's lives leads past a failpoint.
enum class Phase : std::uint8_t {
  Start,     ///< the first start, up to the snapshot
  Snapshot,  ///< a snapshot that is resumed again and again, and what follows it once
  Stream,
  Cutover,  ///< `agent cutover`, once for each of its steps: tests/integration/cutover/kills_test goes there
  WayBack,  ///< `agent rollback`: tests/integration/cutover/snapshot_rollback_test goes there
};

/// What makes the agent pass a failpoint while it streams.
enum class Lure : std::uint8_t {
  Changes,  ///< ordinary transactions
  Much,     ///< a transaction of several state batches that the source streams before its commit
  Swap,     ///< a batch that the target refuses as a whole
  Refused,  ///< a row that the target refuses
  Retry,    ///< `agent quarantine retry` while it runs
  Truncate,
  LostTarget,   ///< the session that writes is ended
  Idleness,     ///< nothing of ours, while others write
  Stop,         ///< SIGTERM
  OtherLayout,  ///< a mapping that has another layout
};

/// How the crash tests come to one failpoint.
struct Visit {
  const char* failpoint;
  Phase phase;
  int least = 1;
  int most = least;  ///< it is certainly passed so often: the test chooses one of these times by its seed
  Lure lure = Lure::Changes;
  const char* killed_before = nullptr;  ///< where a life before must have ended, so that this place is passed
  const char* besides = "";             ///< what else is armed
};

/// Every visit, in an order in which one pair of databases can make them.
[[nodiscard]] std::span<const Visit> visits();
[[nodiscard]] std::vector<Visit> visits(Phase phase);

}  // namespace crash
