#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agent/quarantine_ledger.hpp"
#include "core/ids.hpp"
#include "core/row.hpp"
#include "core/row_key.hpp"
#include "mapping/plan.hpp"
#include "state/store.hpp"

namespace agent {

/// A row that waits for its parent: in the local state only, since nothing of it is on the target.
struct ParkedRow {
  /// A parent that is not on the target.
  struct Parent {
    std::string column;  ///< of the target, that is to refer to it; empty: the row that this one adds to
    std::string entity;
    std::string legacy_key;
  };
  std::string route;
  std::string legacy_key;
  std::vector<Parent> waits_for;  ///< none where only the target could tell, or where it has just come
};

/// A parked row, by name.
struct ParkedPlace {
  core::RouteId route;
  core::RowKey key;
};

/// Visits parked rows, by route and key, or those of the named keys, until `visit` returns false; only those behind `after`, if given. Keys that
/// no key of a route's table can look like are passed over.
void for_each_parked(
    const mapping::Plan& plan, const state::Store& store, const QuarantineSelection& selection,
    const std::optional<ParkedPlace>& after,
    const std::function<bool(const mapping::Route& route, const core::RowKey& key, const core::Row& image)>& visit);

/// At most `limit` parked rows, by route and key. Without keys, reads the rows of the routes that have any. Any thread may ask.
[[nodiscard]] std::vector<ParkedRow> find_parked(const mapping::Plan& plan, state::Store& store,
                                                 const QuarantineSelection& selection, std::size_t limit);

/// No values but keys.
[[nodiscard]] nlohmann::ordered_json to_json(const ParkedRow& row);

/// The control socket's answer to {"command":"parked","route":…,"keys":[…],"limit":…}: {"parked":[to_json(), …]}.
[[nodiscard]] nlohmann::json answer_parked(const mapping::Plan& plan, state::Store& store,
                                           const nlohmann::json& request);
/// What it holds.
[[nodiscard]] std::vector<ParkedRow> parked_rows_of(const nlohmann::json& answer);

}  // namespace agent
