#include "agent/quarantine_discard.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "agent/unknown_route.hpp"
#include "core/error.hpp"
#include "core/row_key.hpp"
#include "cutover/audit.hpp"

namespace agent {

namespace {

using apply::QuarantineTable;

/// Gives up to `most` parked rows up. Moves `place` on to the last of them; returns their number.
std::uint64_t accept_parked(const mapping::Plan& plan, const state::Store& store, const QuarantineTable& table,
                            pg::Session& target, const DiscardRequest& request, std::size_t most,
                            std::optional<ParkedPlace>& place) {
  std::vector<QuarantineTable::ParkedRow> rows;
  for_each_parked(plan, store, request.selection, place,
                  [&](const mapping::Route& route, const core::RowKey& key, const core::Row& image) {
                    rows.push_back({{route.id, key}, image});
                    return rows.size() < most;
                  });
  table.accept_parked(target, plan, rows, request.acceptance);
  if (!rows.empty()) place = ParkedPlace{rows.back().row.route, rows.back().row.key};
  return rows.size();
}

nlohmann::json to_json(const mapping::Plan& plan, const DiscardPlace& place) {
  if (!place.parked) return nlohmann::json::array({place.last});
  return nlohmann::json::array({place.last, plan.route(place.parked->route).name, core::key_text(place.parked->key)});
}

std::optional<DiscardPlace> place_of(const mapping::Plan& plan, const nlohmann::json& request) {
  const nlohmann::json parts = request.value("place", nlohmann::json{});
  if (parts.is_null()) return std::nullopt;
  try {
    DiscardPlace place{.last = parts.at(0).get<std::int64_t>(), .parked = {}};
    if (parts.size() == 1) return place;
    if (const mapping::Route* route = plan.find_route(parts.at(1).get<std::string>())) {
      const auto types = plan.table(route->from).key_types();
      place.parked = ParkedPlace{route->id, core::parse_key(types, parts.at(2).get<std::string>())};
      return place;
    }
  } catch (const nlohmann::json::exception&) {
    // Said below.
  }
  throw core::Error(core::ErrorKind::Usage, "the place at which giving up is to go on makes no sense")
      .remedy("give the rows up again: what was done stays done");
}

DiscardRequest discard_request_of(const nlohmann::json& object) {
  return {.selection = {.route = object.value("route", ""), .keys = object.value("keys", std::vector<std::string>{})},
          .acceptance = {.actor = object.value("actor", ""), .reason = object.value("reason", "")}};
}

}  // namespace

nlohmann::json to_json(const DiscardRequest& request) {
  return {{"route", request.selection.route},
          {"keys", request.selection.keys},
          {"actor", request.acceptance.actor},
          {"reason", request.acceptance.reason}};
}

nlohmann::json to_json(const DiscardResult& result) {
  return {{"quarantined", result.quarantined}, {"parked", result.parked}};
}

DiscardResult discard_result_of(const nlohmann::json& object) {
  return {.quarantined = object.value("quarantined", std::uint64_t{0}),
          .parked = object.value("parked", std::uint64_t{0})};
}

DiscardPage discard_page(const Environment& environment, const state::Store& store, const apply::Ledger& ledger,
                         pg::Session& target, const DiscardRequest& request, const std::optional<DiscardPlace>& from) {
  const QuarantineSelection& selection = request.selection;
  if (!selection.route.empty() && environment.plan.find_route(selection.route) == nullptr) {
    throw unknown_route(selection.route);
  }
  const QuarantineTable& table = ledger.quarantine();
  const std::size_t most = environment.config.apply.batch_rows;
  pg::TransactionBlock block(target);
  DiscardPlace place = from ? *from : DiscardPlace{.last = table.newest(target), .parked = {}};
  DiscardResult result;
  if (!place.parked) {
    result.quarantined = discard_quarantined(target, environment.config.target.ledger_schema, selection,
                                             request.acceptance, place.last, most);
  }
  const std::size_t left = most - result.quarantined;
  if (left > 0) result.parked = accept_parked(environment.plan, store, table, target, request, left, place.parked);
  const bool is_empty = result.quarantined + result.parked == 0;
  if (is_empty && !from && !selection.keys.empty()) {
    throw core::Error(core::ErrorKind::Usage, "none of these rows is quarantined or parked")
        .remedy("agent quarantine list shows those that are");
  }
  if (is_empty && from) return {};
  const nlohmann::json detail = {{"route", selection.route},
                                 {"keys", selection.keys},
                                 {"quarantined", result.quarantined},
                                 {"parked", result.parked},
                                 {"reason", request.acceptance.reason}};
  cutover::audit(target, environment.config.target.ledger_schema, request.acceptance.actor, "quarantine discard", "",
                 detail);
  block.commit();
  const bool is_full = result.quarantined + result.parked == most;
  return {result, is_full ? std::optional{std::move(place)} : std::nullopt};
}

DiscardResult discard_rows(const Environment& environment, const state::Store& store, const apply::Ledger& ledger,
                           pg::Session& target, const DiscardRequest& request) {
  DiscardResult total;
  std::optional<DiscardPlace> place;
  do {
    DiscardPage page = discard_page(environment, store, ledger, target, request, place);
    total += page.result;
    place = std::move(page.next);
  } while (place);
  return total;
}

nlohmann::json answer_discard(const Environment& environment, const state::Store& store, const apply::Ledger& ledger,
                              pg::Session& target, const nlohmann::json& request) {
  const mapping::Plan& plan = environment.plan;
  const DiscardPage page =
      discard_page(environment, store, ledger, target, discard_request_of(request), place_of(plan, request));
  nlohmann::json answer = to_json(page.result);
  answer["place"] = page.next ? to_json(plan, *page.next) : nlohmann::json{};
  return answer;
}

}  // namespace agent
