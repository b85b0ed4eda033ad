#include "apply/writer_fence.hpp"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "core/error.hpp"
#include "pg/sqlstate.hpp"

namespace apply {

namespace {

constexpr std::string_view kEndLeftOvers = R"sql(
select a.pid, pg_catalog.pg_terminate_backend(a.pid) from pg_catalog.pg_stat_activity a
where a.datname = pg_catalog.current_database() and a.usename = current_user and a.pid <> pg_catalog.pg_backend_pid()
  and pg_catalog.right(a.application_name, pg_catalog.length($1)) = $1
  and a.application_name like 'dispatch-sync/%')sql";

/// Who may be in the way: names only, and only what this role may see.
constexpr std::string_view kOtherWriters = R"sql(
select pg_catalog.string_agg(a.pid || ' (' || a.application_name || ', ' || coalesce(a.state, '?') || ')', ', ' order by a.pid)
from pg_catalog.pg_stat_activity a
where a.datname = pg_catalog.current_database() and a.pid <> pg_catalog.pg_backend_pid() and a.xact_start is not null
  and a.application_name like 'dispatch-sync/%')sql";

constexpr std::string_view kSessionsOf = R"sql(
select pg_catalog.string_agg(a.pid || ' (' || a.application_name || coalesce(' from ' || pg_catalog.host(a.client_addr), '') || ')', ', '
  order by a.pid)
from pg_catalog.pg_stat_activity a
where a.datname = pg_catalog.current_database() and a.pid <> pg_catalog.pg_backend_pid()
  and pg_catalog.right(a.application_name, pg_catalog.length($1) + 1) = '-' || $1
  and a.application_name like 'dispatch-sync/%')sql";

}  // namespace

std::optional<core::Lsn> begin_writing(pg::Session& session, const Ledger& ledger, Writers writers) {
  try {
    return ledger.lock_checkpoint(session, writers == Writers::One ? Ledger::Lock::Exclusive : Ledger::Lock::Shared);
  } catch (const core::Error& error) {
    if (error.sqlstate() != pg::kLockNotAvailable) throw;
    session.exec("ROLLBACK");
    const pg::Result others = session.exec(kOtherWriters);
    throw core::Error{core::ErrorKind::Target, "another transaction holds the checkpoint of this slot on the target"}
        .with("sessions", others.text(0, 0))
        .sqlstate(error.sqlstate())
        .transient()
        .remedy(
            "if another agent writes to this target, stop one of them; a session that nobody uses any more can be "
            "ended with pg_terminate_backend");
  }
}

void take_over(pg::Session& session, Ledger& ledger, const SlotOwner& owner, const Checkpoint& seen) {
  static_cast<void>(begin_writing(session, ledger, Writers::One));
  try {
    ledger.take_checkpoint(session, owner, seen);
    session.exec("COMMIT");
    ledger.hold(owner);
  } catch (const core::Error&) {
    if (!session.is_broken() && session.in_transaction()) session.exec("ROLLBACK");
    throw;
  }
}

std::string sessions_of(pg::Session& session, std::string_view run) {
  return session.exec(kSessionsOf, {run}).text(0, 0);
}

void end_left_overs(pg::Session& session, std::string_view name) {
  if (name.empty()) return;
  const pg::Result ended = session.exec(kEndLeftOvers, {name});
  for (std::size_t row = 0; row < ended.rows(); ++row) {
    spdlog::info("ended a session on the target that a lost connection left behind pid={}", ended.text(row, 0));
  }
}

std::optional<core::Lsn> settle_writers(pg::Session& session, const Ledger& ledger, std::string_view run) {
  end_left_overs(session, run);
  const auto checkpoint = begin_writing(session, ledger, Writers::One);
  session.exec("ROLLBACK");
  return checkpoint;
}

}  // namespace apply
