#include "agent/repair_page.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "agent/adoption.hpp"
#include "agent/fresh_rows.hpp"
#include "agent/unknown_route.hpp"
#include "core/error.hpp"
#include "cutover/audit.hpp"
#include "pg/session.hpp"

namespace agent {

namespace {

using validate::FindingKind;

const mapping::Route& route_of(const mapping::Plan& plan, const validate::Finding& finding) {
  if (const mapping::Route* route = plan.find_route(finding.route)) return *route;
  throw unknown_route(finding.route);
}

/// The source row that a finding names. An extra row is named by its entity's key, which may be none of its source row's.
std::optional<core::RowKey> source_key(const mapping::Plan& plan, const mapping::Route& route,
                                       const validate::Finding& finding) {
  if (finding.legacy_key.empty() || (finding.kind == FindingKind::Extra && !route.key_is_primary)) return std::nullopt;
  try {
    return core::parse_key(plan.table(route.from).key_types(), finding.legacy_key);
  } catch (const core::Error&) {
    if (finding.kind == FindingKind::Extra) return std::nullopt;
    throw;
  }
}

void remove_extra(const mapping::Plan& plan, const apply::Ledger& ledger, apply::Applier& applier,
                  const std::vector<validate::Finding>& findings, RepairResult& result) {
  std::map<core::RouteId, std::vector<apply::Applier::TargetRow>> extra;
  std::map<core::RouteId, apply::TargetKeyChanges> forgotten;
  for (const validate::Finding& finding : findings) {
    if (finding.kind != FindingKind::Extra || finding.target_key.empty()) continue;
    const mapping::Route& route = route_of(plan, finding);
    const core::RowKey target_key = apply::target_key_of(finding.target_key);
    const core::RowKey key = source_key(plan, route, finding).value_or(target_key);
    extra[route.id].push_back({key, target_key});
    if (route.id_column || finding.legacy_key.empty()) continue;
    const state::StoredRow* row = applier.overlay().row(route.from, key);
    if (row == nullptr || row->target_keys[plan.status_place(route)] != target_key.bytes)
      forgotten[route.id][{finding.legacy_key, target_key}] = false;
  }
  // Children first.
  std::vector<const mapping::Route*> routes;
  for (const auto& [id, rows] : extra) routes.push_back(&plan.route(id));
  std::ranges::sort(routes, [](const auto* a, const auto* b) {
    return std::pair{a->rank, a->id} > std::pair{b->rank, b->id};
  });
  for (const mapping::Route* route : routes)
    result.unremoved += static_cast<std::int64_t>(applier.remove_target_rows(*route, extra.at(route->id)));
  for (const auto& [id, changes] : forgotten)
    ledger.remember_target_keys(applier.session().sql(), plan.route(id).name, changes);
}

/// What became of the rows that were to be rewritten.
void count_left(const mapping::Plan& plan, apply::Applier& applier, const std::vector<validate::Finding>& findings,
                RepairResult& result) {
  for (const validate::Finding& finding : findings) {
    if (finding.kind == FindingKind::Extra) continue;
    const mapping::Route& route = route_of(plan, finding);
    const state::StoredRow* row = applier.overlay().row(route.from, *source_key(plan, route, finding));
    if (row == nullptr) continue;
    const core::RowStatus status = row->statuses[plan.status_place(route)];
    result.parked += status == core::RowStatus::Parked ? 1 : 0;
    result.quarantined += status == core::RowStatus::Quarantined ? 1 : 0;
  }
}

}  // namespace

void RepairResult::add(const RepairResult& other) {
  looked_at += other.looked_at;
  written += other.written;
  removed += other.removed;
  parked += other.parked;
  quarantined += other.quarantined;
  unremoved += other.unremoved;
}

nlohmann::json to_json(const RepairPage& page) {
  nlohmann::json findings = nlohmann::json::array();
  for (const validate::Finding& finding : page.findings)
    findings.push_back({finding.route, validate::to_string(finding.kind), finding.legacy_key, finding.target_key});
  return {{"actor", page.actor},
          {"meaning", page.meaning},
          {"patience", page.patience.count()},
          {"findings", std::move(findings)}};
}

RepairPage repair_page_of(const nlohmann::json& object) {
  RepairPage page{.actor = object.value("actor", ""),
                  .meaning = object.value("meaning", ""),
                  .findings = {},
                  .patience = std::chrono::seconds{object.value("patience", 0)}};
  for (const nlohmann::json& one : object.at("findings")) {
    const auto kind = validate::finding_kind(one.at(1).get<std::string>());
    if (!kind) throw core::Error(core::ErrorKind::Usage, "the running agent does not know this kind of finding");
    page.findings.push_back({.route = one.at(0).get<std::string>(),
                             .kind = *kind,
                             .legacy_key = one.at(2).get<std::string>(),
                             .target_key = one.at(3).get<std::vector<std::string>>()});
  }
  return page;
}

nlohmann::json to_json(const RepairResult& result) {
  return {{"looked_at", result.looked_at}, {"written", result.written},         {"removed", result.removed},
          {"parked", result.parked},       {"quarantined", result.quarantined}, {"unremoved", result.unremoved}};
}

RepairResult repair_result_of(const nlohmann::json& object) {
  const auto count = [&](const char* name) { return object.value(name, std::int64_t{0}); };
  return {.looked_at = count("looked_at"),
          .written = count("written"),
          .removed = count("removed"),
          .parked = count("parked"),
          .quarantined = count("quarantined"),
          .unremoved = count("unremoved")};
}

RepairResult repair(const Environment& environment, state::Store& store, const apply::Ledger& ledger,
                    apply::Applier& applier, const pg::ExportedSnapshot& snapshot, const RepairPage& page) {
  const mapping::Plan& plan = environment.plan;
  if (page.meaning != plan.meaning_fingerprint) {
    throw core::Error(core::ErrorKind::Refused, "the last validation was made under another mapping than the agent's")
        .remedy("run `agent validate`, then repair");
  }
  const auto began = std::chrono::steady_clock::now();
  restore_adopted_ids(environment, store, ledger, applier.session().sql());
  pg::Session source(environment.source, "repair");
  pg::import_snapshot(source, snapshot.name());
  std::map<core::TableId, std::vector<core::RowKey>> keys;
  for (const validate::Finding& finding : page.findings) {
    const mapping::Route& route = route_of(plan, finding);
    if (auto key = source_key(plan, route, finding)) keys[route.from].push_back(std::move(*key));
  }
  FreshRows fresh{plan, store, source, page.patience};
  for (const auto& [table, of_table] : keys) fresh.read(table, of_table);

  RepairResult result{.looked_at = static_cast<std::int64_t>(page.findings.size())};
  applier.renew_rows(fresh.take());
  remove_extra(plan, ledger, applier, page.findings, result);
  count_left(plan, applier, page.findings, result);
  applier.open();
  result.written = static_cast<std::int64_t>(applier.open_counts().written);
  result.removed = static_cast<std::int64_t>(applier.open_counts().removed);
  cutover::audit(applier.session().sql(), environment.config.target.ledger_schema, page.actor, "repair", "",
                 {{"lsn", snapshot.consistent_point().to_string()},
                  {"looked_at", result.looked_at},
                  {"written", result.written},
                  {"removed", result.removed}});
  applier.name_reached();
  applier.commit_target(std::nullopt);
  applier.commit_state(std::nullopt, std::nullopt, state::Overlay::Sync::Yes);
  spdlog::info("repaired lsn={} findings={} written={} removed={} seconds={:.2f}",
               snapshot.consistent_point().to_string(), result.looked_at, result.written, result.removed,
               std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  return result;
}

}  // namespace agent
