#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "agent/environment.hpp"
#include "agent/parked_rows.hpp"
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

  DiscardResult& operator+=(const DiscardResult& other) {
    quarantined += other.quarantined;
    parked += other.parked;
    return *this;
  }
};

/// Where the next page begins.
struct DiscardPlace {
  std::int64_t last = 0;              ///< the newest line of the quarantine when the first page was begun
  std::optional<ParkedPlace> parked;  ///< the last one that was given up; none: not all quarantined ones were
};

/// What one page came to.
struct DiscardPage {
  DiscardResult result;
  std::optional<DiscardPlace> next;  ///< none: that was the last one
};

// As they go over the control socket.
[[nodiscard]] nlohmann::json to_json(const DiscardRequest& request);
[[nodiscard]] nlohmann::json to_json(const DiscardResult& result);
[[nodiscard]] DiscardResult discard_result_of(const nlohmann::json& json);

/// Notes in the ledger that rows were given up, `apply.batch_rows` of them, and tells the audit log, in one transaction. What is parked is what
/// `store` says, so nobody else may write to it meanwhile. Precondition: the session has no open transaction. Throws Error(Usage) when none
/// of the named keys is quarantined or parked, or there is no such route; Error(Target).
[[nodiscard]] DiscardPage discard_page(const Environment& environment, const state::Store& store,
                                       const apply::Ledger& ledger, pg::Session& target, const DiscardRequest& request,
                                       const std::optional<DiscardPlace>& from);
/// Page after page.
[[nodiscard]] DiscardResult discard_rows(const Environment& environment, const state::Store& store,
                                         const apply::Ledger& ledger, pg::Session& target,
                                         const DiscardRequest& request);

/// The control socket's answer: the result of one page, and the `place` to ask for the next with; null: that was the last one.
[[nodiscard]] nlohmann::json answer_discard(const Environment& environment, const state::Store& store,
                                            const apply::Ledger& ledger, pg::Session& target,
                                            const nlohmann::json& request);

}  // namespace agent
