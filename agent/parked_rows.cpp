#include "agent/parked_rows.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/row_key.hpp"
#include "core/row_status.hpp"

namespace agent {

void for_each_parked(
    const mapping::Plan& plan, const state::Store& store, const std::string& route,
    const std::function<bool(const mapping::Route& route, const core::RowKey& key, const core::Row& image)>& visit) {
  const std::vector<core::RouteCounters> counters = store.counters();
  bool goes_on = true;
  for (const mapping::Route& candidate : plan.routes) {
    const std::size_t number = candidate.id.index();
    if (!route.empty() && candidate.name != route) continue;
    // A scan reads a whole table: not for nothing.
    if (number >= counters.size() || counters[number].parked == 0) continue;
    const std::vector<core::RouteId>& slots = plan.table(candidate.from).routes;
    const auto slot = static_cast<std::size_t>(std::find(slots.begin(), slots.end(), candidate.id) - slots.begin());
    std::int64_t left = counters[number].parked;
    store.scan(candidate.from, {}, {}, [&](const core::RowKey& key, const state::StoredRow& row) {
      if (slot < row.statuses.size() && row.statuses[slot] == core::RowStatus::Parked) {
        goes_on = visit(candidate, key, row.image);
        --left;
      }
      return goes_on && left > 0;
    });
    if (!goes_on) return;
  }
}

std::vector<ParkedRow> find_parked(const mapping::Plan& plan, const state::Store& store, const std::string& route,
                                   std::size_t limit) {
  std::vector<ParkedRow> parked;
  for_each_parked(plan, store, route, [&](const mapping::Route& of, const core::RowKey& key, const core::Row&) {
    if (parked.size() < limit) parked.push_back({of.name, core::key_text(key)});
    return parked.size() < limit;
  });
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
