#include "agent/snapshot_rollback.hpp"

#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/confirmation.hpp"
#include "agent/exit_code.hpp"
#include "agent/start_position.hpp"
#include "agent/steps/running_agent.hpp"
#include "agent/steps/site.hpp"
#include "apply/ledger.hpp"
#include "apply/operator_name.hpp"
#include "core/error.hpp"
#include "cutover/snapshot_rollback.hpp"
#include "replication/publication.hpp"
#include "replication/slot.hpp"
#include "replication/slot_health.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;
using nlohmann::ordered_json;

void require_nobody_at_it(steps::Site& site) {
  site.take_turn();
  if (const auto run = site.journal.last(); run && run->stands()) {
    throw Error(ErrorKind::Refused, run->is_done() ? "the cutover is done" : "a cutover is under way")
        .with("since", run->whole.started_at)
        .remedy(run->is_past_return() ? "take it back first: `agent rollback cutover`"
                                      : "take it back first: `agent cutover --abort`");
  }
  replication::require_may_drop_publication(site.source, site.config.source.publication);
  const auto health = replication::read_slot_health(site.source, site.config.source.slot);
  if (!steps::is_agent_running(site) && !(health && health->active_pid)) return;
  throw Error(ErrorKind::Refused, "an agent is running, which would go on writing")
      .with("slot", site.config.source.slot)
      .remedy("stop it (systemctl stop dispatch-sync), then run the command again");
}

void print(const cutover::SnapshotRollbackView& view, bool is_done, bool as_json) {
  if (as_json) {
    ordered_json routes = ordered_json::array();
    for (const auto& one : view.routes) {
      routes.push_back(
          {{"name", one.route}, {"to", one.table.display()}, {"going", one.going}, {"staying", one.staying}});
    }
    ordered_json references = ordered_json::array();
    for (const auto& one : view.references) {
      references.push_back({{"table", one.table.display()},
                            {"constraint", one.constraint},
                            {"to", one.to.display()},
                            {"rows", one.rows}});
    }
    std::cout << ordered_json{{"status", is_done ? "rolled back" : "nothing was changed"},
                              {"routes", routes},
                              {"loosened", cutover::to_json(view.loosened)},
                              {"references", references}}
                     .dump(2)
              << '\n';
    return;
  }
  for (const auto& one : view.routes) {
    std::cout << fmt::format("{} ({}): {} rows {}", one.route, one.table.display(), one.going,
                             is_done ? "removed" : "would go");
    if (one.staying > 0) {
      std::cout << fmt::format("; {} that were there before or are adopted stay, with the values that they have now",
                               one.staying);
    }
    std::cout << '\n';
  }
  for (const auto& one : view.loosened) {
    std::cout << fmt::format(
        "{}.{}: rows that stay and refer to rows of {} that {}: {} refer again to what they referred to before, {} to "
        "nothing\n",
        one.table.display(), one.column, one.to.display(), is_done ? "went" : "would go", one.restored, one.emptied);
  }
  for (const auto& one : view.references) {
    std::cout << fmt::format("in the way: {} rows of {} that stay refer to rows of {} that would go ({})\n", one.rows,
                             one.table.display(), one.to.display(), one.constraint);
  }
  std::cout << (is_done ? "rolled back: ledger, slot, publication and state directory have forgotten the copy; `agent "
                          "run` begins anew\n"
                        : "nothing was changed\n");
}

}  // namespace

int roll_back_snapshot(const Config& config, const Options& options, const std::stop_token& stop) {
  steps::Site site{config, stop};
  require_nobody_at_it(site);
  cutover::SnapshotRollback rollback{site.environment.target, site.environment.plan, config.target.ledger_schema,
                                     apply::operator_name()};
  if (!rollback.is_under_way() && !rollback.has_copy()) {
    throw Error(ErrorKind::Refused, "there is no snapshot to roll back: the ledger knows of none")
        .with("schema", config.target.ledger_schema)
        .remedy("is this the right target? See target.url and target.ledger_schema in " + config.file.string());
  }
  const cutover::SnapshotRollbackView view = rollback.look();
  if (options.rollback.is_dry) {
    print(view, false, options.as_json);
    return to_int(view.references.empty() ? ExitCode::Done : ExitCode::Refused);
  }
  std::int64_t going = 0;
  for (const auto& one : view.routes) going += one.going;
  std::int64_t emptied = 0;
  for (const auto& one : view.loosened) emptied += one.emptied;
  require_confirmation(
      options.rollback.is_confirmed,
      fmt::format("Removes {} rows from the target, whatever the new application has made of them "
                  "since, then slot and publication. {} references of rows that stay are emptied, since "
                  "what they were before is not known or not there (--dry-run names them).\n",
                  going, emptied),
      site.environment.target_identity.database);
  const auto store = open_store(site.environment);
  apply::Ledger ledger{config.target.ledger_schema, config.source.slot};
  if (ledger.exists(site.target)) {
    take_checkpoint(site.environment, *store, site.target, ledger, GoesBy::Target);
  }
  rollback.begin({}, stop);
  static_cast<void>(rollback.remove({}, stop));
  replication::drop_slot(site.source, config.source.slot);
  replication::drop_publication(site.source, config.source.publication);
  store->empty();
  rollback.finish(config.source.slot, {}, stop);
  print(view, true, options.as_json);
  return to_int(ExitCode::Done);
}

}  // namespace agent
