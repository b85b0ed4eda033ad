#include "agent/quarantine_retry.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/unknown_route.hpp"
#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "cutover/audit.hpp"

namespace agent {

namespace {

using apply::QuarantineTable;

std::vector<const mapping::Route*> by_rank(const mapping::Plan& plan, const std::string& only) {
  std::vector<const mapping::Route*> routes;
  for (const mapping::Route& route : plan.routes) {
    if (only.empty() || route.name == only) routes.push_back(&route);
  }
  std::sort(routes.begin(), routes.end(), [](const auto* a, const auto* b) {
    return std::pair{a->rank, a->id} < std::pair{b->rank, b->id};
  });
  return routes;
}

void commit_retry(apply::Applier& applier) {
  FAILPOINT("before_retry_committed");
  applier.name_reached();
  applier.commit_target(std::nullopt);
  applier.commit_state(std::nullopt, std::nullopt, state::Overlay::Sync::Yes);
}

std::int64_t still_quarantined(const mapping::Plan& plan, const mapping::Route& route, apply::Applier& applier,
                               std::span<const core::RowKey> keys) {
  const std::uint16_t place = plan.status_place(route);
  return std::count_if(keys.begin(), keys.end(), [&](const core::RowKey& key) {
    const state::StoredRow* row = applier.overlay().row(route.from, key);
    return row != nullptr && row->statuses[place] == core::RowStatus::Quarantined;
  });
}

using commands::quarantine::RetryResult;
using Page = QuarantineTable::Page;
using nlohmann::json;

std::optional<RetryPlace> place_of(const json& request) {
  const json place = request.value("place", json{});
  if (place.is_null()) return std::nullopt;
  try {
    return RetryPlace{.last = place.at(0).get<std::int64_t>(),
                      .step = place.at(1).get<std::size_t>(),
                      .after = place.at(2).get<std::int64_t>()};
  } catch (const json::exception&) {
    throw core::Error(core::ErrorKind::Usage, "the place at which the retry is to go on makes no sense")
        .remedy("begin the retry anew");
  }
}

/// Rows that were not taken; nothing is committed. Moves `page` on to the last line that is done.
RetryResult derive(const mapping::Plan& plan, const QuarantineTable& table, apply::Applier& applier, Page& page) {
  auto lines = table.read_refused(applier.session().sql(), plan, page);
  if (lines.empty()) return {};
  page.after = lines.back().number;
  std::vector<core::RowKey> rows;
  for (auto& line : lines) rows.push_back(std::move(line.key));
  std::sort(rows.begin(), rows.end());
  const mapping::Route& route = plan.route(page.route);
  applier.retry_rows(route, rows);
  const std::int64_t still = still_quarantined(plan, route, applier, rows);
  return RetryResult::of(static_cast<std::int64_t>(rows.size()), still);
}

/// Rows that were not let go. The same.
RetryResult remove(const mapping::Plan& plan, const QuarantineTable& table, apply::Applier& applier, Page& page) {
  auto lines = table.read_unremoved(applier.session().sql(), plan, page);
  if (lines.empty()) return {};
  page.after = lines.back().number;
  std::vector<apply::Applier::TargetRow> rows;
  for (auto& line : lines) rows.push_back({std::move(line.key), std::move(line.target_key)});
  const std::size_t still = applier.remove_target_rows(plan.route(page.route), rows);
  return RetryResult::of(static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(still));
}

}  // namespace

RetryPage retry_page(const Environment& environment, const apply::Ledger& ledger, apply::Applier& applier,
                     const QuarantineSelection& selection, const std::string& actor,
                     const std::optional<RetryPlace>& from) {
  const mapping::Plan& plan = environment.plan;
  if (!selection.route.empty() && plan.find_route(selection.route) == nullptr) {
    throw unknown_route(selection.route);
  }
  const QuarantineTable& table = ledger.quarantine();
  const auto routes = by_rank(plan, selection.route);
  const std::size_t steps = 2 * routes.size();
  // Parents first, so that what one page releases is there for the next; what is to go, children first.
  for (RetryPlace place = from ? *from : RetryPlace{.last = table.newest(applier.session().sql())}; place.step < steps;
       place = {.last = place.last, .step = place.step + 1}) {
    const bool removes = place.step >= routes.size();
    Page page{.route = routes[removes ? steps - 1 - place.step : place.step]->id,
              .after = place.after,
              .last = place.last,
              .keys = selection.keys,
              .rows = environment.config.apply.batch_rows};
    const RetryResult result = removes ? remove(plan, table, applier, page) : derive(plan, table, applier, page);
    if (result.retried == 0) continue;
    applier.open();
    cutover::audit(applier.session().sql(), environment.config.target.ledger_schema, actor, "quarantine retry", "",
                   {{"route", plan.route(page.route).name},
                    {"retried", result.retried},
                    {"applied", result.applied},
                    {"still", result.still}});
    commit_retry(applier);
    place.after = page.after;
    return {result, place};
  }
  return {};
}

RetryResult retry_quarantined(const Environment& environment, const apply::Ledger& ledger, apply::Applier& applier,
                              const QuarantineSelection& selection, const std::string& actor) {
  RetryResult total;
  std::optional<RetryPlace> place;
  do {
    const RetryPage page = retry_page(environment, ledger, applier, selection, actor, place);
    total += page.result;
    place = page.next;
  } while (place);
  return total;
}

json answer_retry(const Environment& environment, const apply::Ledger& ledger, apply::Applier& applier,
                  const json& request) {
  const RetryPage page = retry_page(
      environment, ledger, applier,
      {.route = request.value("route", std::string{}), .keys = request.value("keys", std::vector<std::string>{})},
      request.value("actor", std::string{}), place_of(request));
  json answer{{"retried", page.result.retried}, {"applied", page.result.applied}, {"still", page.result.still}};
  answer["place"] = page.next ? json{page.next->last, page.next->step, page.next->after} : json{};
  return answer;
}

std::size_t resolve_settled(const Environment& environment, const apply::Ledger& ledger, const state::Store& store) {
  const mapping::Plan& plan = environment.plan;
  pg::Session target(environment.target, "ledger");
  std::size_t resolved = 0;
  ledger.quarantine().for_each_refused(
      target, plan, QuarantineTable::Discarded::Without, [&](std::span<const apply::RouteRow> rows) {
        apply::QuarantineChanges changes;
        for (const apply::RouteRow& row : rows) {
          const mapping::SourceTable& table = plan.table(plan.route(row.route).from);
          const auto slot = static_cast<std::size_t>(std::find(table.routes.begin(), table.routes.end(), row.route) -
                                                     table.routes.begin());
          const auto stored = store.row(table.id, row.key);
          if (!stored) {
            changes.resolve(row, "deleted");
          } else if (stored->statuses[slot] != core::RowStatus::Quarantined) {
            changes.resolve(row, std::string{core::to_string(stored->statuses[slot])});
          }
        }
        resolved += changes.resolved.size();
        ledger.quarantine().write_refused(target, plan, changes, {});
      });
  return resolved;
}

}  // namespace agent
