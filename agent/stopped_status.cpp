#include "agent/stopped_status.hpp"

#include <optional>

#include "agent/environment.hpp"
#include "agent/ledger_query.hpp"
#include "apply/quarantine_table.hpp"
#include "core/error.hpp"
#include "cutover/journal.hpp"
#include "pg/session.hpp"
#include "replication/slot_health.hpp"

namespace agent {

namespace {

StatusReport::Slot slot_of(const std::string& name, const std::optional<replication::SlotHealth>& health) {
  if (!health) return {.name = name, .wal_status = "missing", .safe_wal_size = 0};
  return {.name = name,
          .wal_status = health->is_lost() ? "lost" : health->wal_status,
          .safe_wal_size = health->safe_wal_size.value_or(0)};
}

}  // namespace

void fill_source_side(StatusReport& report, pg::Session& source, const std::string& slot) {
  const pg::Result position = source.exec(
      "select case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn() else "
      "pg_catalog.pg_current_wal_flush_lsn() end");
  report.source_lsn = core::Lsn::parse(position.text(0, 0)).value_or(core::Lsn{});
  report.slot = slot_of(slot, replication::read_slot_health(source, slot));
}

namespace {

StatusReport look_at_everything(const Config& config) {
  const Environment environment = prepare(config);
  pg::Session source(environment.source, "status");
  pg::Session target(environment.target, "status");

  StatusReport report;
  fill_source_side(report, source, config.source.slot);
  if (const auto checkpoint = find_checkpoint(target, config.target.ledger_schema, config.source.slot)) {
    report.applied_lsn = checkpoint->applied;
    // Nobody looks at what the source has written since: it may be as old as the last look.
    if (report.lag_bytes() > 0) report.lag_seconds = checkpoint->age_seconds;
  }
  report.snapshot_failure = snapshot_failure(target, config.target.ledger_schema);
  const auto store = open_store_to_look(environment);
  report.routes = store ? routes_of(environment.plan, *store) : routes_of(environment.plan);
  if (has_ledger_table(target, config.target.ledger_schema, "quarantine")) {
    const apply::QuarantineTable quarantine{config.target.ledger_schema};
    add_unremoved(report.routes, quarantine.count_unremoved(target, environment.plan));
  }
  add_cutover(report, cutover::last_run(target, config.target.ledger_schema));
  return report;
}

}  // namespace

StatusReport read_stopped_status(const Config& config) {
  try {
    return look_at_everything(config);
  } catch (const core::Error& error) {
    if (error.kind() != core::ErrorKind::Source) throw;
    // After the switch the source may be gone for good: then the ledger says all that there is to say.
    pg::Session target(target_params(config), "status");
    const auto run = cutover::last_run(target, config.target.ledger_schema);
    if (!run || !run->is_done()) throw;
    StatusReport report;
    report.slot.name = config.source.slot;
    add_cutover(report, run);
    return report;
  }
}

}  // namespace agent
