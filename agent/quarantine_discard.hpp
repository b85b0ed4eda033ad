#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "agent/environment.hpp"
#include "agent/quarantine_ledger.hpp"
#include "apply/ledger.hpp"
#include "apply/quarantine_table.hpp"
#include "state/store.hpp"

namespace agent {

/// Which rows are given up: of one route or all, of some keys or (with no keys) all that are quarantined or parked.
struct DiscardRequest {
  QuarantineSelection selection;
  apply::QuarantineTable::Acceptance acceptance;
};

struct DiscardResult {
  std::uint64_t quarantined = 0;
  std::uint64_t parked = 0;  ///< found, whether they were given up before or not
};

// As they go over the control socket.
[[nodiscard]] nlohmann::json to_json(const DiscardRequest& request);
[[nodiscard]] DiscardRequest discard_request_of(const nlohmann::json& json);
[[nodiscard]] nlohmann::json to_json(const DiscardResult& result);
[[nodiscard]] DiscardResult discard_result_of(const nlohmann::json& json);

/// Notes in the ledger that rows were given up, and tells the audit log, in one transaction. What is parked is what `store` says, so nobody
/// else may write to it meanwhile. Precondition: the session has no open transaction. Throws Error(Usage) when none of the named keys is
/// quarantined or parked, or there is no such route; Error(Target).
[[nodiscard]] DiscardResult discard_rows(const Environment& environment, const state::Store& store,
                                         const apply::Ledger& ledger, pg::Session& target,
                                         const DiscardRequest& request);

}  // namespace agent
