#include "agent/parked_rows.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/row_key.hpp"
#include "core/row_status.hpp"

namespace agent {

std::vector<ParkedRow> find_parked(const mapping::Plan& plan, const state::Store& store, const std::string& route,
                                   std::size_t limit) {
  std::vector<ParkedRow> parked;
  const std::vector<core::RouteCounters> counters = store.counters();
  for (const mapping::Route& candidate : plan.routes) {
    const std::size_t number = candidate.id.index();
    if (!route.empty() && candidate.name != route) continue;
    // A scan reads a whole table: not for nothing.
    if (number >= counters.size() || counters[number].parked == 0) continue;
    const std::vector<core::RouteId>& slots = plan.table(candidate.from).routes;
    const auto slot = static_cast<std::size_t>(std::find(slots.begin(), slots.end(), candidate.id) - slots.begin());
    std::int64_t left = counters[number].parked;
    store.scan(candidate.from, {}, {}, [&](const core::RowKey& key, const state::StoredRow& row) {
      if (parked.size() >= limit) return false;
      if (slot < row.statuses.size() && row.statuses[slot] == core::RowStatus::Parked) {
        parked.push_back({candidate.name, core::key_text(key)});
        --left;
      }
      return left > 0;
    });
  }
  return parked;
}

nlohmann::json answer_parked(const mapping::Plan& plan, const state::Store& store, const nlohmann::json& request) {
  constexpr std::size_t kMost = 10000;
  const std::size_t limit = std::min(request.value("limit", kMost), kMost);
  nlohmann::json rows = nlohmann::json::array();
  for (const ParkedRow& row : find_parked(plan, store, request.value("route", ""), limit)) {
    rows.push_back({{"route", row.route}, {"legacy_key", row.legacy_key}});
  }
  return {{"parked", rows}};
}

}  // namespace agent
