#include "agent/source_witness.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "core/error.hpp"
#include "cutover/source_fence.hpp"
#include "pg/sqlstate.hpp"
#include "pg/write_transactions.hpp"

namespace agent {

SourceWitness::SourceWitness(const pg::ConnectionParams& source, const std::string& slot, std::string publication,
                             std::chrono::milliseconds limit)
    : session_(source, "cutover-witness"),
      slot_(slot.substr(0, 45) + "_witness_" + std::to_string(getpid())),
      publication_(std::move(publication)) {
  session_.exec("SET statement_timeout = " + std::to_string(limit.count()));
  try {
    session_.exec("select pg_catalog.pg_create_logical_replication_slot($1, 'pgoutput', true)",
                  {std::string_view{slot_}});
  } catch (const core::Error& error) {
    if (error.sqlstate() != pg::kQueryCanceled) throw;
    throw core::Error(core::ErrorKind::Refused, "a transaction that writes does not end in spite of the fence")
        .with("waited_ms", std::to_string(limit.count()))
        .with("transactions", fmt::format("{}", fmt::join(pg::write_transactions(session_), "; ")))
        .with("connected", cutover::others_connected(session_))
        .remedy(
            "end it (pg_stat_activity, backend_xid; of any database of the source's server), or raise "
            "cutover.fence_timeout; then run `agent cutover` again");
  }
  session_.exec("SET statement_timeout = 0");
}

std::optional<replication::PendingChange> SourceWitness::first_change() {
  return replication::first_pending_change(session_, slot_, publication_, core::Lsn{});
}

}  // namespace agent
