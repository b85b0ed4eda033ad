#include "cutover/patient_transaction.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "core/array_literal.hpp"
#include "core/backoff.hpp"
#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "core/pause.hpp"
#include "pg/quoting.hpp"
#include "pg/sqlstate.hpp"

namespace cutover {

namespace {

using core::Error;
using core::ErrorKind;

/// Who holds locks on the tables whose names are $1: an array of `"schema"."table"`. Names and states only, never a query's text.
constexpr std::string_view kHolders = R"sql(
select pg_catalog.string_agg(distinct a.pid || ' (' || coalesce(a.usename, '?') || ', ' || coalesce(nullif(a.application_name, ''), '-')
  || ', ' || coalesce(a.state, '?') || ')', ', ')
from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid
where l.granted and l.locktype = 'relation' and l.pid <> pg_catalog.pg_backend_pid()
  and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
  and l.relation = any (select pg_catalog.to_regclass(t)::oid from unnest($1::text[]) as t))sql";

std::string holders(pg::Session& session, std::span<const core::QualifiedName> tables) {
  std::string names = "{";
  for (const core::QualifiedName& table : tables) {
    if (names.size() > 1) names += ',';
    core::append_array_element(names, core::Value::of(pg::quote_name(table)));
  }
  names += '}';
  return session.exec(kHolders, {std::string_view{names}}).text(0, 0);
}

bool is_conflict(const Error& error) {
  return error.sqlstate() == pg::kLockNotAvailable || error.sqlstate() == "40P01";
}

}  // namespace

void patiently(pg::Session& session, const std::string& what, std::span<const core::QualifiedName> tables,
               const Patience& patience, const std::stop_token& stop, const std::function<void()>& work) {
  core::Backoff backoff{std::chrono::milliseconds{100}, std::chrono::seconds{2}, 1};
  for (int attempt = 1;; ++attempt) {
    std::string failure;
    try {
      pg::TransactionBlock block(session);
      session.exec(fmt::format("set local lock_timeout = '{}ms'", patience.lock_timeout.count()));
      work();
      FAILPOINT("before_patient_commit");
      block.commit();
      FAILPOINT("after_patient_commit");
      return;
    } catch (const Error& error) {
      if (!is_conflict(error) || session.is_broken()) throw;
      failure = error.sqlstate();
    }
    const std::string who = holders(session, tables);
    const auto pause = backoff.next();
    if (attempt < patience.tries) {
      spdlog::warn("{} waits for somebody else's locks and is tried again attempt={} wait_ms={} held_by={}", what,
                   attempt, pause.count(), who.empty() ? "-" : who);
      if (core::pause(pause, stop)) continue;
    }
    throw Error(ErrorKind::Target, what + " did not get its locks")
        .with("tries", std::to_string(attempt))
        .with("held_by", who.empty() ? "nobody any more" : who)
        .sqlstate(failure)
        .transient()
        .remedy(
            "nothing of this step was changed; end these sessions (SELECT pg_terminate_backend(PID)) or wait for "
            "them, then run the command again");
  }
}

void lock_alone(pg::Session& session, const core::QualifiedName& table) {
  session.exec("lock table " + pg::quote_name(table) + " in access exclusive mode");
}

}  // namespace cutover
