#include "agent/steps/release.hpp"

#include <chrono>

#include "agent/ledger_query.hpp"
#include "agent/steps/running_agent.hpp"
#include "core/error.hpp"
#include "core/pause.hpp"
#include "replication/publication.hpp"
#include "replication/slot.hpp"
#include "replication/slot_health.hpp"
#include "replication/slot_peek.hpp"

namespace agent::steps {

using core::Error;
using core::ErrorKind;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kFreeLimit{30};
constexpr std::chrono::milliseconds kSlotLook{20};

}  // namespace

cutover::Plan Release::plan() {
  // It goes at the end, when nothing can be taken back any more.
  replication::require_may_drop_publication(site_.source, site_.config.source.publication);
  return {
      {"SELECT pg_drop_replication_slot('" + site_.config.source.slot + "')", "", "nobody reads the stream any more"},
      {"DROP PUBLICATION " + site_.config.source.publication, "ACCESS EXCLUSIVE on the publication",
       "nor what it published"}};
}

json Release::run() {
  end_running_agent(site_);
  wait_until_free();
  if (replication::read_slot_health(site_.source, site_.config.source.slot)) {
    fence_.require_unbroken();
    require_nothing_left();
    site_.journal.require_turn();
    replication::drop_slot(site_.source, site_.config.source.slot);
  }
  replication::drop_publication(site_.source, site_.config.source.publication);
  return json::object();
}

/// The server may notice a moment later than the agent that it has ended.
void Release::wait_until_free() {
  const auto give_up = Clock::now() + kFreeLimit;
  for (;;) {
    const auto slot = replication::read_slot_health(site_.source, site_.config.source.slot);
    if (!slot || !slot->active_pid) return;
    if (Clock::now() >= give_up) throw replication::slot_in_use(slot->name, slot->active_pid);
    if (!core::pause(kSlotLook, site_.stop)) throw Site::interrupted();
  }
}

/// Between a crash and the command that goes on nobody watched. What was written to the source then, the slot still has.
void Release::require_nothing_left() {
  const auto& config = site_.config;
  const auto checkpoint = find_checkpoint(site_.target, config.target.ledger_schema, config.source.slot);
  if (!checkpoint) {
    throw Error(ErrorKind::Refused, "the target has no checkpoint for this slot: nobody knows what it still holds")
        .with("slot", config.source.slot)
        .remedy("`agent rollback cutover`, then `agent run`, which compares every row");
  }
  const auto change = replication::first_pending_change(site_.source, config.source.slot, config.source.publication,
                                                        checkpoint->applied);
  if (!change) return;
  throw Error(ErrorKind::Refused, "somebody wrote to the source after the cutover had passed the point of no return")
      .with("table", change->table)
      .with("lsn", change->lsn.to_string())
      .with("applied_lsn", checkpoint->applied.to_string())
      .remedy(
          "the slot is kept, so that nothing is lost. If the target needs it: `agent rollback cutover`, `agent run`, "
          "and "
          "the cutover again. If not: SELECT pg_drop_replication_slot('" +
          config.source.slot + "') on the source, and `agent cutover` finishes");
}

}  // namespace agent::steps
