#include "validate/outcome.hpp"

#include <algorithm>

namespace validate {

std::string_view to_string(IntegrityOutcome::Rule rule) {
  switch (rule) {
    case IntegrityOutcome::Rule::ForeignKey: return "foreign_key";
    case IntegrityOutcome::Rule::LegacyId: return "legacy_id";
    case IntegrityOutcome::Rule::EntityUuid: return "entity_uuid";
  }
  return "unknown";
}

bool Outcome::match() const {
  return counters.empty() && std::ranges::all_of(routes, &RouteOutcome::match) &&
         std::ranges::all_of(reconcile, [](const auto& one) { return !one.not_checked.empty() || one.match(); }) &&
         std::ranges::all_of(integrity, [](const auto& one) { return one.violations == 0; });
}

bool Outcome::is_complete() const { return all_not_checked().empty(); }

std::vector<NotChecked> Outcome::all_not_checked() const {
  std::vector<NotChecked> all = not_checked;
  for (const RouteOutcome& route : routes) {
    if (!route.not_checked.empty()) all.push_back({"route " + route.name, route.not_checked});
  }
  if (std::ranges::any_of(routes, &RouteOutcome::is_counted_only)) {
    all.push_back({"the contents of rows", "only their numbers were asked for"});
  }
  for (const ReconcileOutcome& one : reconcile) {
    if (!one.not_checked.empty()) all.push_back({"reconcile " + one.name, one.not_checked});
  }
  for (const IntegrityOutcome& one : integrity) {
    if (!one.not_checked.empty()) all.push_back({one.table + " " + one.name, one.not_checked});
  }
  return all;
}

}  // namespace validate
