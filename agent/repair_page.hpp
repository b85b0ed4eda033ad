#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "agent/environment.hpp"
#include "apply/applier.hpp"
#include "apply/ledger.hpp"
#include "pg/exported_snapshot.hpp"
#include "state/store.hpp"
#include "validate/finding.hpp"

namespace agent {

/// Some findings of a validation that are repaired together, in one transaction. Of those that are not extra, the rows are rewritten; those that are,
/// are removed.
struct RepairPage {
  std::string actor;
  std::string meaning;                      ///< fingerprint of the mapping that they were found under
  std::vector<validate::Finding> findings;  ///< route, kind and keys only
  std::chrono::seconds patience{
      0};  ///< for reading the rows, while the stream stands still; 0: for as long as it takes
};

/// What a repair did.
struct RepairResult {
  std::int64_t looked_at = 0;    ///< findings
  std::int64_t written = 0;      ///< target rows inserted or changed
  std::int64_t removed = 0;      ///< target rows
  std::int64_t parked = 0;       ///< rows that still wait for a parent
  std::int64_t quarantined = 0;  ///< rows that the target refuses, still or now
  std::int64_t unremoved = 0;    ///< rows that the target does not let go

  void add(const RepairResult& other);
};

// As they go over the control socket.
[[nodiscard]] nlohmann::json to_json(const RepairPage& page);
[[nodiscard]] RepairPage repair_page_of(const nlohmann::json& json);
[[nodiscard]] nlohmann::json to_json(const RepairResult& result);
[[nodiscard]] RepairResult repair_result_of(const nlohmann::json& json);

/// Reads the rows anew from the source, with all that they are derived from, brings local state and target to what they mean, and commits. To be called
/// when local state and target are exactly at the snapshot's position: so no row is written as it was earlier, or will be later. Rows leave the target
/// only where an extra one is named. Precondition: the applier has nothing open. Throws as applying and FreshRows::read do; then nothing was done.
[[nodiscard]] RepairResult repair(const Environment& environment, state::Store& store, const apply::Ledger& ledger,
                                  apply::Applier& applier, const pg::ExportedSnapshot& snapshot,
                                  const RepairPage& page);

}  // namespace agent
