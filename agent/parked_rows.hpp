#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/row.hpp"
#include "core/row_key.hpp"
#include "mapping/plan.hpp"
#include "state/store.hpp"

namespace agent {

/// A row that waits for its parent: in the local state only, since nothing of it is on the target.
struct ParkedRow {
  std::string route;
  std::string legacy_key;
};

/// Visits the parked rows of one route (empty: of all), by route and key, until `visit` returns false.
void for_each_parked(
    const mapping::Plan& plan, const state::Store& store, const std::string& route,
    const std::function<bool(const mapping::Route& route, const core::RowKey& key, const core::Row& image)>& visit);

/// At most `limit` parked rows of one route (empty: of all), by route and key. Reads the rows of the routes that have any.
[[nodiscard]] std::vector<ParkedRow> find_parked(const mapping::Plan& plan, const state::Store& store,
                                                 const std::string& route, std::size_t limit);

/// The control socket's answer to {"command":"parked","route":…,"limit":…}: {"parked":[{"route","legacy_key"}]}.
[[nodiscard]] nlohmann::json answer_parked(const mapping::Plan& plan, const state::Store& store,
                                           const nlohmann::json& request);

}  // namespace agent
