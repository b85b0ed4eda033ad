#include "agent/parked_rows.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/error.hpp"
#include "core/row_key.hpp"
#include "core/row_status.hpp"
#include "mapping/derive.hpp"
#include "state/overlay.hpp"

namespace agent {

namespace {

using Visit = std::function<bool(const mapping::Route&, const core::RowKey&, const core::Row&)>;

/// An operator's key, where it can be one of this table.
std::optional<core::RowKey> key_of(const mapping::SourceTable& table, const std::string& text) {
  try {
    return core::parse_key(table.key_types(), text);
  } catch (const core::Error&) {
    return std::nullopt;
  }
}

/// False when `visit` wants no more; so do the next two.
bool visit_all(const mapping::Plan& plan, const state::Store& store, const mapping::Route& route,
               const core::RowKey& after, const Visit& visit) {
  const std::vector<core::RouteCounters> counters = store.counters();
  // A scan reads a whole table: not for nothing.
  if (route.id.index() >= counters.size() || counters[route.id.index()].parked == 0) return true;
  const std::size_t slot = plan.status_place(route);
  std::int64_t left = counters[route.id.index()].parked;
  bool goes_on = true;
  store.scan(route.from, after, {}, [&](const core::RowKey& key, const state::StoredRow& row) {
    if (key == after) return true;
    if (slot < row.statuses.size() && row.statuses[slot] == core::RowStatus::Parked) {
      goes_on = visit(route, key, row.image);
      --left;
    }
    return goes_on && left > 0;
  });
  return goes_on;
}

bool visit_named(const mapping::Plan& plan, const state::Store& store, const mapping::Route& route,
                 const std::vector<std::string>& keys, const core::RowKey& after, const Visit& visit) {
  const std::size_t slot = plan.status_place(route);
  std::set<core::RowKey> named;
  for (const std::string& text : keys) {
    const auto key = key_of(plan.table(route.from), text);
    if (key) named.insert(*key);
  }
  for (auto key = named.upper_bound(after); key != named.end(); ++key) {
    const auto row = store.row(route.from, *key);
    if (!row || row->statuses[slot] != core::RowStatus::Parked) continue;
    if (!visit(route, *key, row->image)) return false;
  }
  return true;
}

std::vector<ParkedRow::Parent> missed_parents(const mapping::Plan& plan, const mapping::Route& route,
                                              const mapping::Derivation& row) {
  std::vector<ParkedRow::Parent> parents;
  const auto add_missed = [&](const std::string& column, std::uint16_t ref) {
    if (row.refs[ref].kind != mapping::RefState::Kind::Missed) return;
    parents.push_back({column, plan.entity(route.refs[ref].entity).name, mapping::ref_key_text(route, row, ref)});
  };
  for (const mapping::TargetColumn& column : route.columns) {
    if (column.missing != mapping::Missing::Park) continue;
    for (const std::uint16_t ref : column.refs) add_missed(column.name, ref);
  }
  if (route.own_ref) add_missed("", *route.own_ref);
  return parents;
}

}  // namespace

void for_each_parked(const mapping::Plan& plan, const state::Store& store, const QuarantineSelection& selection,
                     const std::optional<ParkedPlace>& after, const Visit& visit) {
  for (const mapping::Route& route : plan.routes) {
    if (!selection.route.empty() && route.name != selection.route) continue;
    if (after && route.id < after->route) continue;
    const core::RowKey behind = after && route.id == after->route ? after->key : core::RowKey{};
    const bool goes_on = selection.keys.empty() ? visit_all(plan, store, route, behind, visit)
                                                : visit_named(plan, store, route, selection.keys, behind, visit);
    if (!goes_on) return;
  }
}

std::vector<ParkedRow> find_parked(const mapping::Plan& plan, state::Store& store, const QuarantineSelection& selection,
                                   std::size_t limit) {
  std::vector<ParkedRow> parked;
  state::Overlay overlay{store};  // to look through, and never committed
  for_each_parked(
      plan, store, selection, std::nullopt,
      [&](const mapping::Route& route, const core::RowKey& key, const core::Row& image) {
        if (parked.size() == limit) return false;
        parked.push_back({.route = route.name,
                          .legacy_key = core::key_text(key),
                          .waits_for = missed_parents(plan, route, mapping::derive(plan, route, key, image, overlay))});
        return parked.size() < limit;
      });
  return parked;
}

nlohmann::ordered_json to_json(const ParkedRow& row) {
  nlohmann::ordered_json object = {{"route", row.route}, {"legacy_key", row.legacy_key}, {"status", "parked"}};
  object["waits_for"] = nlohmann::ordered_json::array();
  for (const ParkedRow::Parent& parent : row.waits_for)
    object["waits_for"].push_back(
        {{"column", parent.column}, {"entity", parent.entity}, {"legacy_key", parent.legacy_key}});
  return object;
}

nlohmann::json answer_parked(const mapping::Plan& plan, state::Store& store, const nlohmann::json& request) {
  constexpr std::size_t kMost = 10000;
  const std::size_t limit = std::min(request.value("limit", kMost), kMost);
  const QuarantineSelection selection{.route = request.value("route", ""),
                                      .keys = request.value("keys", std::vector<std::string>{})};
  nlohmann::json rows = nlohmann::json::array();
  for (const ParkedRow& row : find_parked(plan, store, selection, limit)) rows.emplace_back(to_json(row));
  return {{"parked", rows}};
}

std::vector<ParkedRow> parked_rows_of(const nlohmann::json& answer) {
  std::vector<ParkedRow> rows;
  for (const nlohmann::json& line : answer.at("parked")) {
    ParkedRow& row = rows.emplace_back();
    row.route = line.at("route").get<std::string>();
    row.legacy_key = line.at("legacy_key").get<std::string>();
    for (const nlohmann::json& parent : line.value("waits_for", nlohmann::json::array())) {
      row.waits_for.push_back({.column = parent.at("column").get<std::string>(),
                               .entity = parent.at("entity").get<std::string>(),
                               .legacy_key = parent.at("legacy_key").get<std::string>()});
    }
  }
  return rows;
}

}  // namespace agent
