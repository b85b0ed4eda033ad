#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/config.hpp"
#include "agent/environment.hpp"
#include "agent/quarantine_discard.hpp"
#include "agent/quarantine_retry.hpp"
#include "agent/snapshot_runner.hpp"
#include "core/lsn.hpp"

namespace agent {

/// What a run is for.
struct Goal {
  /// A finished snapshot is compared and corrected again (`agent snapshot`); otherwise it is left alone.
  bool repeats_snapshot = false;
  std::vector<std::string> tables;       ///< only these, when the snapshot is repeated
  bool needs_finished_snapshot = false;  ///< `agent sync`: refuse to start without one
  bool streams = false;
  bool ends_when_switched = false;  ///< there is nothing left to do after a cutover
  bool until_current = false;       ///< stop when what the source had committed at start is applied
  std::optional<core::Lsn> until_lsn;
  /// A position that is chosen when everything is open, just before the stream begins; what is to be done there happens before anything else
  /// is applied.
  struct Meeting {
    std::function<core::Lsn()> choose;
    std::function<void()> reached;
  };
  std::optional<Meeting> meeting = {};
  bool is_quiet = false;  ///< no progress display: stdout and stderr belong to JSON and logs
};

struct Outcome {
  std::optional<SnapshotResult> snapshot;
  core::Lsn applied;
  bool was_stopped = false;
  bool is_switched = false;  ///< by a cutover, as was said: nothing was done
};

/// Opens everything, serves the control socket, runs snapshot and stream, and closes in order. One per process.
/// Throws core::Error for whatever ends the run.
[[nodiscard]] Outcome supervise(const Config& config, const Goal& goal, const std::stop_token& stop);

/// Tries quarantined rows again in this process, while no agent runs.
[[nodiscard]] commands::quarantine::RetryResult retry_quarantined_here(const Config& config,
                                                                       const Options::Quarantine& selection);

/// Gives quarantined and parked rows up in this process, while no agent runs.
[[nodiscard]] DiscardResult discard_rows_here(const Config& config, const DiscardRequest& request);

}  // namespace agent
