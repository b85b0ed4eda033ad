#include "agent/quarantine_retry.hpp"

#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "core/failpoint.hpp"

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

void commit(apply::Applier& applier) {
  FAILPOINT("before_retry_committed");
  applier.name_reached();
  applier.commit_target(std::nullopt);
  applier.commit_state(std::nullopt, std::nullopt, state::Overlay::Sync::Yes);
}

std::int64_t still_quarantined(const mapping::Plan& plan, const mapping::Route& route, apply::Applier& applier,
                               std::span<const core::RowKey> keys) {
  const mapping::SourceTable& table = plan.table(route.from);
  const auto slot =
      static_cast<std::size_t>(std::find(table.routes.begin(), table.routes.end(), route.id) - table.routes.begin());
  return std::count_if(keys.begin(), keys.end(), [&](const core::RowKey& key) {
    const state::StoredRow* row = applier.overlay().row(table.id, key);
    return row != nullptr && row->statuses[slot] == core::RowStatus::Quarantined;
  });
}

}  // namespace

commands::quarantine::RetryResult retry_quarantined(const Environment& environment, const apply::Ledger& ledger,
                                                    apply::Applier& applier, const std::string& route,
                                                    const std::vector<std::string>& keys) {
  const mapping::Plan& plan = environment.plan;
  if (!route.empty() && plan.find_route(route) == nullptr) {
    throw core::Error(core::ErrorKind::Usage, "there is no route of this name").with("route", route);
  }
  const QuarantineTable& table = ledger.quarantine();
  pg::Session& sql = applier.session().sql();
  commands::quarantine::RetryResult result;
  // What is refused by this very retry keeps its line, or gets one behind this.
  const std::int64_t last = table.newest(sql);
  const auto routes = by_rank(plan, route);
  // Parents first, so that what one retry releases is there for the next.
  for (const mapping::Route* of : routes) {
    QuarantineTable::Page page{.route = of->id, .after = 0, .last = last, .keys = keys};
    for (auto lines = table.read_refused(sql, plan, page); !lines.empty();
         lines = table.read_refused(sql, plan, page)) {
      page.after = lines.back().number;
      std::vector<core::RowKey> rows;
      for (auto& line : lines) rows.push_back(std::move(line.key));
      std::sort(rows.begin(), rows.end());
      applier.retry_rows(*of, rows);
      result.retried += static_cast<std::int64_t>(rows.size());
      result.still += still_quarantined(plan, *of, applier, rows);
      commit(applier);
    }
  }
  // What was to go, children first.
  for (auto of = routes.rbegin(); of != routes.rend(); ++of) {
    QuarantineTable::Page page{.route = (*of)->id, .after = 0, .last = last, .keys = keys};
    for (auto lines = table.read_unremoved(sql, plan, page); !lines.empty();
         lines = table.read_unremoved(sql, plan, page)) {
      page.after = lines.back().number;
      std::vector<apply::Applier::TargetRow> rows;
      for (auto& line : lines) rows.push_back({std::move(line.key), std::move(line.target_key)});
      result.retried += static_cast<std::int64_t>(rows.size());
      result.still += static_cast<std::int64_t>(applier.remove_target_rows(**of, rows));
      commit(applier);
    }
  }
  result.applied = result.retried - result.still;
  if (result.retried > 0) {
    ledger.audit(
        sql, "quarantine retry", "",
        R"({"retried":)" + std::to_string(result.retried) + R"(,"applied":)" + std::to_string(result.applied) + "}");
  }
  return result;
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
