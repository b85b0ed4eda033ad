#include "agent/steps/validate.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <iostream>
#include <set>

#include "agent/changed_routes.hpp"
#include "agent/validation.hpp"
#include "validate/summary.hpp"

namespace agent::steps {

namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

}  // namespace

std::optional<ValidationRecord> Validate::reference() {
  if (!site_.validates_changed) return std::nullopt;
  auto record = last_whole_validation(site_.target, site_.config.target.ledger_schema,
                                      finding_origin(site_.environment, core::Lsn{}));
  return validation_obstacle(record).empty() ? record : std::nullopt;
}

cutover::Plan Validate::plan() {
  const auto record = reference();
  return record ? change_questions(site_.environment.plan, record->census) : cutover::Plan{};
}

json Validate::run() {
  const auto began = Clock::now();
  const mapping::Plan& plan = site_.environment.plan;
  json detail;
  if (const auto record = reference()) {
    const ChangedRoutes routes = changed_routes(plan, site_.source, site_.target, record->census);
    spdlog::info("{} routes have changed since the validation of {}, {} have not", routes.changed.size(),
                 record->finished_at, routes.vouched.size());
    if (!routes.changed.empty()) {
      Options::Validate options;
      if (!routes.vouched.empty()) options.tables = tables_of(plan, routes.changed);
      detail = compare(options);
    } else {
      detail = {{"lsn", record->lsn.to_string()}, {"validated", json::array()}};
    }
    detail["since"] = record->finished_at;
  } else {
    if (site_.validates_changed) spdlog::warn("everything is compared: there is no validation to go by any more");
    detail = compare({});
  }
  // Whatever was not compared is vouched for by the earlier validation.
  const auto validated = detail["validated"].get<std::set<std::string>>();
  detail["vouched"] = json::array();
  for (const mapping::Route& route : plan.routes) {
    if (!validated.contains(route.name)) detail["vouched"].push_back(route.name);
  }
  detail["seconds"] = std::chrono::duration<double>(Clock::now() - began).count();
  return detail;
}

json Validate::compare(const Options::Validate& options) {
  const auto outcome = run_validation(site_.config, options, true, site_.stop, site_.config.cutover.drain_timeout);
  site_.require_not_stopped();
  if (!outcome.match() || !outcome.is_complete()) {
    std::cerr << ::validate::to_text(outcome);
    site_.journal.write(site_.run, step(), cutover::Status::Failed, {{"lsn", outcome.lsn.to_string()}});
    throw NotEqual{!outcome.match()};
  }
  json names = json::array();
  for (const ::validate::RouteOutcome& route : outcome.routes) names.push_back(route.name);
  return {{"lsn", outcome.lsn.to_string()}, {"validated", std::move(names)}};
}

}  // namespace agent::steps
