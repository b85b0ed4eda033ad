#include "agent/quarantine_discard.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agent/parked_rows.hpp"
#include "core/error.hpp"
#include "core/row_key.hpp"

namespace agent {

namespace {

using apply::QuarantineTable;

// Parked rows that are held at a time.
constexpr std::size_t kPiece = 10'000;

/// An operator's key, where it can be one of this table.
std::optional<core::RowKey> key_of(const mapping::SourceTable& table, const std::string& text) {
  try {
    return core::parse_key(table.key_types(), text);
  } catch (const core::Error&) {
    return std::nullopt;
  }
}

template <typename Take>
void for_each_named(const mapping::Plan& plan, const state::Store& store, const QuarantineSelection& selection,
                    Take take) {
  for (const mapping::Route& route : plan.routes) {
    if (!selection.route.empty() && route.name != selection.route) continue;
    const mapping::SourceTable& table = plan.table(route.from);
    const auto slot =
        static_cast<std::size_t>(std::find(table.routes.begin(), table.routes.end(), route.id) - table.routes.begin());
    for (const std::string& text : selection.keys) {
      const auto key = key_of(table, text);
      if (!key) continue;
      const auto row = store.row(table.id, *key);
      if (row && row->statuses[slot] == core::RowStatus::Parked) take(route, *key, row->image);
    }
  }
}

std::uint64_t accept_parked(const mapping::Plan& plan, const state::Store& store, const QuarantineTable& table,
                            pg::Session& target, const DiscardRequest& request) {
  std::uint64_t count = 0;
  std::vector<QuarantineTable::ParkedRow> rows;
  const auto flush = [&] {
    table.accept_parked(target, plan, rows, request.acceptance);
    count += rows.size();
    rows.clear();
  };
  const auto take = [&](const mapping::Route& route, const core::RowKey& key, const core::Row& image) {
    rows.push_back({{route.id, key}, image});
    if (rows.size() == kPiece) flush();
    return true;
  };
  if (request.selection.keys.empty()) {
    for_each_parked(plan, store, request.selection.route, take);
  } else {
    for_each_named(plan, store, request.selection, take);
  }
  flush();
  return count;
}

}  // namespace

nlohmann::json to_json(const DiscardRequest& request) {
  return {{"route", request.selection.route},
          {"keys", request.selection.keys},
          {"actor", request.acceptance.actor},
          {"reason", request.acceptance.reason}};
}

DiscardRequest discard_request_of(const nlohmann::json& json) {
  return {.selection = {.route = json.value("route", ""), .keys = json.value("keys", std::vector<std::string>{})},
          .acceptance = {.actor = json.value("actor", ""), .reason = json.value("reason", "")}};
}

nlohmann::json to_json(const DiscardResult& result) {
  return {{"quarantined", result.quarantined}, {"parked", result.parked}};
}

DiscardResult discard_result_of(const nlohmann::json& json) {
  return {.quarantined = json.value("quarantined", std::uint64_t{0}), .parked = json.value("parked", std::uint64_t{0})};
}

DiscardResult discard_rows(const Environment& environment, const state::Store& store, const apply::Ledger& ledger,
                           pg::Session& target, const DiscardRequest& request) {
  const QuarantineSelection& selection = request.selection;
  if (!selection.route.empty() && environment.plan.find_route(selection.route) == nullptr) {
    throw core::Error(core::ErrorKind::Usage, "there is no route of this name").with("route", selection.route);
  }
  pg::TransactionBlock block(target);
  DiscardResult result;
  result.quarantined =
      discard_quarantined(target, environment.config.target.ledger_schema, selection, request.acceptance);
  result.parked = accept_parked(environment.plan, store, ledger.quarantine(), target, request);
  if (result.quarantined + result.parked == 0 && !selection.keys.empty()) {
    throw core::Error(core::ErrorKind::Usage, "none of these rows is quarantined or parked")
        .remedy("agent quarantine list shows those that are");
  }
  const nlohmann::json detail = {{"route", selection.route},
                                 {"keys", selection.keys},
                                 {"quarantined", result.quarantined},
                                 {"parked", result.parked},
                                 {"reason", request.acceptance.reason}};
  ledger.audit_for(target, request.acceptance.actor, "quarantine discard", "", detail.dump());
  block.commit();
  return result;
}

}  // namespace agent
