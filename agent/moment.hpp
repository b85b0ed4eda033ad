#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/environment.hpp"
#include "core/lsn.hpp"
#include "pg/exported_snapshot.hpp"
#include "pg/session.hpp"

namespace agent {

/// Both databases at one position of the source: a snapshot of each, exported for whoever works on them. Lives as long as the two sessions do.
struct Moment {
  core::Lsn lsn;
  std::unique_ptr<pg::ExportedSnapshot> source;  ///< may be given up once everybody has imported it
  std::unique_ptr<pg::Session> target;           ///< holds the target's snapshot
  std::string target_snapshot;
  bool is_beside_agent = false;  ///< an agent runs and goes on meanwhile
};

/// Finds such a moment. A running agent stands still for it, never longer than a second at a time, and goes on at once; without one, the stream is
/// applied up to there by this process. Waits for transactions of the source that are in the way, and names them. Throws Error(State) when another process
/// uses the state directory and does not answer, Error(Refused) when there is no finished snapshot. Null: stopped first.
///
/// `fenced`: nobody writes to the source, so that nobody is waited for there, and what else is in the way may take this long. Throws Error(Refused) when it
/// takes longer.
[[nodiscard]] std::unique_ptr<Moment> find_moment(const Environment& environment,
                                                  const std::optional<std::chrono::milliseconds>& fenced,
                                                  const std::stop_token& stop);

}  // namespace agent
