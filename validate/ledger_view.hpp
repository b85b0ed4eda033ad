#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/ids.hpp"
#include "core/row_key.hpp"
#include "mapping/plan.hpp"
#include "pg/session.hpp"
#include "state/store.hpp"

namespace validate {

/// What the ledger on the target said at the validated moment: of all that the agent keeps the only thing that is believed. It says which
/// rows were refused, which of these an operator has accepted, and which ids an earlier migration gave.
class LedgerView {
 public:
  /// `session` sees the snapshot. Throws Error(Refused) when there is no ledger.
  LedgerView(pg::Session& session, std::string schema, const mapping::Plan& plan);

  /// Why the row is in the quarantine; null when it is not.
  [[nodiscard]] const std::string* quarantined(core::RouteId route, const std::string& legacy_key) const;
  [[nodiscard]] bool is_accepted(core::RouteId route, const std::string& legacy_key) const;
  /// Whether the target did not let go this row. `target_key` are its key columns.
  [[nodiscard]] bool is_unremoved(core::RouteId route, const std::vector<std::string>& target_key) const;

  /// Gives the store the ids that were adopted.
  void adopt_ids(pg::Session& session, const mapping::Plan& plan, state::Store& store) const;

  struct Owned {
    std::string legacy_key;
    std::vector<std::string> target_key;
  };
  /// Those of the target rows that the ledger knows as the agent's own, with their legacy keys: through the id map, or the remembered keys of a route
  /// without an id.
  [[nodiscard]] std::vector<Owned> owned(pg::Session& session, const mapping::Plan& plan, const mapping::Route& route,
                                         const std::vector<std::vector<std::string>>& target_keys) const;

  [[nodiscard]] const std::string& schema() const { return schema_; }

 private:
  [[nodiscard]] std::string sql(std::string_view text) const;

  struct OfRoute {
    std::unordered_map<std::string, std::string> quarantined;  // legacy key → why
    std::unordered_set<std::string> accepted;
    std::unordered_set<core::RowKey> unremoved;
  };
  std::string schema_;
  std::vector<OfRoute> routes_;  // by RouteId
};

}  // namespace validate
