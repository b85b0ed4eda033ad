#include "agent/quarantine_retry.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/error.hpp"

namespace agent {

commands::quarantine::RetryResult retry_quarantined(const Environment& environment, const apply::Ledger& ledger,
                                                    apply::Applier& applier, const std::string& route,
                                                    const std::vector<std::string>& keys) {
  const mapping::Plan& plan = environment.plan;
  if (!route.empty() && plan.find_route(route) == nullptr) {
    throw core::Error(core::ErrorKind::Usage, "there is no route of this name").with("route", route);
  }
  const std::set<std::string> wanted(keys.begin(), keys.end());
  // Parents first, so that what one retry releases is there for the next.
  std::map<std::pair<std::uint16_t, core::RouteId>, std::vector<core::RowKey>> rows;
  commands::quarantine::RetryResult result;
  for (const apply::RouteRow& row :
       ledger.read_quarantined(applier.session().sql(), plan, apply::Ledger::Discarded::Without)) {
    const mapping::Route& of = plan.route(row.route);
    if (!route.empty() && of.name != route) continue;
    if (!wanted.empty() && !wanted.contains(core::key_text(row.key))) continue;
    rows[{of.rank, of.id}].push_back(row.key);
    ++result.retried;
  }
  for (auto& [order, retried] : rows) {
    std::sort(retried.begin(), retried.end());
    applier.retry_rows(plan.route(order.second), retried);
  }
  for (const auto& [order, retried] : rows) {
    const mapping::SourceTable& table = plan.table(plan.route(order.second).from);
    const auto slot = static_cast<std::size_t>(std::find(table.routes.begin(), table.routes.end(), order.second) -
                                               table.routes.begin());
    for (const core::RowKey& key : retried) {
      const state::StoredRow* row = applier.overlay().row(table.id, key);
      if (row != nullptr && row->statuses[slot] == core::RowStatus::Quarantined) ++result.still;
    }
  }
  result.applied = result.retried - result.still;
  if (result.retried > 0) {
    ledger.audit(
        applier.session().sql(), "quarantine retry", "",
        R"({"retried":)" + std::to_string(result.retried) + R"(,"applied":)" + std::to_string(result.applied) + "}");
  }
  applier.name_reached();
  applier.commit_target(std::nullopt);
  applier.commit_state(std::nullopt, std::nullopt, state::Overlay::Sync::Yes);
  return result;
}

std::size_t resolve_settled(const Environment& environment, const apply::Ledger& ledger, const state::Store& store) {
  const mapping::Plan& plan = environment.plan;
  pg::Session target(environment.target, "ledger");
  apply::QuarantineChanges changes;
  for (const apply::RouteRow& row : ledger.read_quarantined(target, plan, apply::Ledger::Discarded::Without)) {
    const mapping::SourceTable& table = plan.table(plan.route(row.route).from);
    const auto slot =
        static_cast<std::size_t>(std::find(table.routes.begin(), table.routes.end(), row.route) - table.routes.begin());
    const auto stored = store.row(table.id, row.key);
    if (!stored) {
      changes.resolve(row, "deleted");
    } else if (stored->statuses[slot] != core::RowStatus::Quarantined) {
      changes.resolve(row, std::string{core::to_string(stored->statuses[slot])});
    }
  }
  ledger.write_quarantine(target, plan, changes, {});
  return changes.resolved.size();
}

}  // namespace agent
