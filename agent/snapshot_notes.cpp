#include "agent/snapshot_notes.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "agent/ledger_query.hpp"
#include "agent/snapshot_worker.hpp"
#include "apply/operator_name.hpp"
#include "cutover/audit.hpp"
#include "pg/session.hpp"

namespace agent {

namespace {

void write_control(const Environment& environment, pg::Session& target, const apply::Ledger& ledger,
                   const state::Store& store, const std::string& status) {
  const auto counters = store.counters();
  for (const mapping::Route& route : environment.plan.routes) {
    const core::RouteCounters& counts = counters[route.id.index()];
    ledger.write_control(target, {.run = store.progress().run,
                                  .phase = kSnapshotPhase,
                                  .route = route.name,
                                  .status = status,
                                  .total = counts.read,
                                  .processed = counts.applied + counts.filtered,
                                  .failed = counts.parked + counts.quarantined});
  }
}

void audit(const Environment& environment, pg::Session& target, std::string_view phase, const nlohmann::json& detail) {
  cutover::audit(target, environment.config.target.ledger_schema, apply::operator_name(), "snapshot", phase, detail);
}

/// What audit_log remembers of a snapshot that begins. `compares`: what was read before is read again.
nlohmann::json describe_begin(const mapping::Plan& plan, const state::Store& store, bool is_first, bool compares,
                              const std::vector<core::TableId>& tables, const MappingChange& change) {
  const bool goes_on = !compares && !store.chunks().empty();
  nlohmann::json detail = {{"kind", is_first ? "first" : goes_on ? "resumed" : "differential"}};
  for (const core::TableId table : tables) detail["tables"].push_back(plan.table(table).name.display());
  if (!change.is_empty()) {
    detail["mapping"] = {{"changed", change.changed}, {"added", change.added}, {"removed", change.removed}};
  }
  return detail;
}

}  // namespace

void note_snapshot_begun(const Environment& environment, const state::Store& store, const apply::Ledger& ledger,
                         bool compares, const std::vector<core::TableId>& tables, const MappingChange& change) {
  pg::Session target(environment.target, "ledger");
  pg::TransactionBlock block(target);
  ledger.require_owner(target);
  const bool is_first = ledger.note_found_rows(target, environment.plan) == environment.plan.routes.size();
  ledger.note_mapping(target, describe_mapping(environment.plan));
  write_control(environment, target, ledger, store, "running");
  audit(environment, target, "begin", describe_begin(environment.plan, store, is_first, compares, tables, change));
  block.commit();
}

void note_snapshot_finished(const Environment& environment, const state::Store& store, const apply::Ledger& ledger,
                            const SnapshotResult& result) {
  pg::Session target(environment.target, "ledger");
  pg::TransactionBlock block(target);
  ledger.require_owner(target);
  write_control(environment, target, ledger, store, "done");
  audit(
      environment, target, "finished",
      {{"rows_read", result.rows_read}, {"rows_written", result.rows_written}, {"rows_removed", result.rows_removed}});
  block.commit();
}

void note_snapshot_failed(const Environment& environment, const state::Store& store, const apply::Ledger& ledger,
                          const core::Error& error) noexcept {
  try {
    pg::Session target(environment.target, "ledger");
    const std::string_view table = error.context(kCopying);
    const nlohmann::json detail = {{"error", error.what()}};
    pg::TransactionBlock block(target);
    for (const mapping::Route& route : environment.plan.routes) {
      if (!table.empty() && environment.plan.table(route.from).name.display() != table) continue;
      ledger.write_control(target, {.run = store.progress().run,
                                    .phase = kSnapshotPhase,
                                    .route = route.name,
                                    .status = "failed",
                                    .detail = detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
    }
    audit(environment, target, "failed", detail);
    block.commit();
  } catch (const std::exception& reason) {
    spdlog::debug("could not note on the target that the snapshot failed: {}", reason.what());
  }
}

}  // namespace agent
