#include "agent/cutover_rollback.hpp"

#include <iostream>
#include <string_view>

#include "agent/confirmation.hpp"
#include "agent/exit_code.hpp"
#include "agent/ledger_query.hpp"
#include "agent/steps/running_agent.hpp"
#include "agent/steps/sequence.hpp"
#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "cutover/cleanup_rollback.hpp"
#include "replication/publication.hpp"
#include "replication/slot.hpp"

namespace agent {

namespace {

/// One that is done, or that can only go on. Throws Error(Refused) when there is none.
cutover::Run irreversible_cutover(cutover::Journal& journal) {
  auto run = journal.last();
  if (run && run->is_past_return()) return std::move(*run);
  throw core::Error(core::ErrorKind::Refused, "there is no cutover past the point of no return to roll back")
      .remedy(run && run->is_open() ? "`agent cutover --abort` takes back one that is under way"
                                    : "agent status shows where the migration stands");
}

/// What the cutover left of the way that changes took, if it did not come to its end. A slot that is kept would hold back the source's log until
/// somebody starts the agent, and it has nothing that the comparison of every row does not find.
void end_sync(steps::Site& site) {
  steps::end_running_agent(site);
  replication::drop_slot(site.source, site.config.source.slot);
  FAILPOINT("in_way_back");
  replication::drop_publication(site.source, site.config.source.publication);
  FAILPOINT("in_way_back");
}

/// The next start finds no position to go on from.
void forget_position(steps::Site& site) {
  const auto store = open_store(site.environment);
  site.target.exec("delete from " + ledger_table(site.config.target.ledger_schema, "checkpoint") + " where slot = $1",
                   {std::string_view{site.config.source.slot}});
  FAILPOINT("in_way_back");
  store->empty();
  FAILPOINT("in_way_back");
}

/// Each part finds what an earlier try has done of it. The fence goes last: until then nothing is written to the source that somebody would have to remember.
void take_back(steps::Site& site) {
  site.journal.write(site.run, cutover::Status::RollingBack);
  FAILPOINT("in_way_back");
  end_sync(site);
  steps::Mappings{site}.take_back();
  FAILPOINT("in_way_back");
  forget_position(site);
  steps::Settle{site}.take_back();
  FAILPOINT("in_way_back");
  site.journal.require_turn();
  steps::Fence{site}.take_back();
  FAILPOINT("in_way_back");
  site.journal.write(site.run, cutover::Status::RolledBack);
}

}  // namespace

int roll_back_cutover(const Config& config, const Options& options, const std::stop_token& stop) {
  steps::Site site{config, stop};
  site.take_turn();
  site.run = irreversible_cutover(site.journal);
  replication::require_may_drop_publication(site.source, config.source.publication);
  if (options.rollback.is_dry) {
    std::cout << "drop publication and slot, where they are still there\n"
                 "make migration_mappings of the ledger a view again\n"
                 "forget the position of the stream, on the target and in the state directory\n"
                 "take down the fence around the source: what it found there comes back\n"
                 "then `agent run` makes publication and slot again, and compares every row (a differential snapshot)\n"
                 "nothing was changed\n";
    return to_int(ExitCode::Done);
  }
  require_confirmation(options.rollback.is_confirmed,
                       "The source will take writes again. What the application wrote to the target since the "
                       "cutover stays there, and "
                       "goes to nobody: rows that were copied are brought back to what the source says.",
                       site.environment.source_identity.database);
  take_back(site);
  std::cout << (options.as_json
                    ? "{\"status\": \"rolled back\"}\n"
                    : "rolled back: the source takes writes again. Start `agent run`: it makes publication and slot "
                      "again, and compares every row (a differential snapshot)\n");
  if (!options.as_json && !cutover::cleanup_rollback_plan(site.target, config.target.ledger_schema).empty()) {
    std::cout
        << "The columns that cleanup dropped are still gone, which the sync does not mind: `agent rollback cleanup` "
           "brings them back.\n";
  }
  return to_int(ExitCode::Done);
}

}  // namespace agent
