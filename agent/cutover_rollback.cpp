#include "agent/cutover_rollback.hpp"

#include <iostream>
#include <string_view>

#include "agent/confirmation.hpp"
#include "agent/exit_code.hpp"
#include "agent/ledger_query.hpp"
#include "agent/steps/sequence.hpp"
#include "core/error.hpp"

namespace agent {

namespace {

/// Throws Error(Refused) when there is none.
cutover::Run finished_cutover(cutover::Journal& journal) {
  auto run = journal.last();
  if (run && run->is_done()) return std::move(*run);
  throw core::Error(core::ErrorKind::Refused, "there is no finished cutover to roll back")
      .remedy(run && run->is_open() ? "`agent cutover --abort` takes back one that is under way"
                                    : "agent status shows where the migration stands");
}

/// The next start finds no position to go on from.
void forget_position(steps::Site& site) {
  const auto store = open_store(site.environment);
  site.target.exec("delete from " + ledger_table(site.config.target.ledger_schema, "checkpoint") + " where slot = $1",
                   {std::string_view{site.config.source.slot}});
  store->empty();
}

}  // namespace

int roll_back_cutover(const Config& config, const Options& options, const std::stop_token& stop) {
  steps::Site site{config, stop};
  site.take_turn();
  site.run = finished_cutover(site.journal);
  if (options.rollback.is_dry) {
    std::cout << "forget the position of the stream, on the target and in the state directory\n"
                 "put back default_transaction_read_only of the source's database, and end its sessions\n"
                 "then `agent run` makes publication and slot again, and compares every row (a differential snapshot)\n"
                 "nothing was changed\n";
    return to_int(ExitCode::Done);
  }
  require_confirmation(options.rollback.is_confirmed,
                       "The source will take writes again. What the application wrote to the target since the "
                       "cutover stays there, and "
                       "goes to nobody: rows that were copied are brought back to what the source says.",
                       site.environment.source_identity.database);
  forget_position(site);
  steps::Settle{site}.take_back();
  steps::Fence{site}.take_back();
  site.journal.write(site.run, cutover::Status::RolledBack);
  std::cout << (options.as_json
                    ? "{\"status\": \"rolled back\"}\n"
                    : "rolled back: the source takes writes again. Start `agent run`: it makes publication and slot "
                      "again, and compares every row (a differential snapshot)\n");
  return to_int(ExitCode::Done);
}

}  // namespace agent
