#include "cutover/source_fence.hpp"

#include "core/error.hpp"
#include "core/pause.hpp"
#include "cutover/source_fence_sql.hpp"
#include "pg/quoting.hpp"

namespace cutover {

namespace {

using core::Error;
using core::ErrorKind;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{50};
constexpr std::string_view kReadOnly = "25006";

}  // namespace

json to_json(const FenceMemory& memory) { return {{"previous", memory.previous ? json(*memory.previous) : json()}}; }

FenceMemory fence_memory_of(const json& memory) {
  if (!memory.is_object() || !memory.contains("previous") || !memory["previous"].is_string()) return {};
  return {.previous = memory["previous"].get<std::string>()};
}

std::string SourceFence::obstacle() {
  const pg::Result found = session_.exec(source_fence_sql::kObstacles);
  if (!found.is_true(0, 0)) {
    return "the agent's role does not own the database, so that it cannot make it read-only: GRANT its owner's role to "
           "it";
  }
  if (const std::string roles = found.text(0, 1); !roles.empty()) {
    return "settings of roles make their transactions writable whatever the database says: ALTER ROLE … RESET "
           "default_transaction_read_only for " +
           roles;
  }
  if (const std::string roles = found.text(0, 2); !roles.empty()) {
    return "the agent's role may not end sessions of " + roles +
           ": GRANT pg_signal_backend to it (a superuser's sessions only a superuser may end)";
  }
  if (found.integer(0, 3) != 0) {
    return found.text(0, 3) +
           " prepared transactions are open in this database: commit them or roll them back (pg_prepared_xacts)";
  }
  if (const std::string names = found.text(0, 4); !names.empty()) {
    return "subscriptions write to this database past any fence: ALTER SUBSCRIPTION … DISABLE for " + names;
  }
  return {};
}

Plan SourceFence::plan() {
  const std::string database = pg::quote_identifier(session_.exec("select pg_catalog.current_database()").text(0, 0));
  return {
      {"ALTER DATABASE " + database + " SET default_transaction_read_only = on", "",
       "transactions that begin from now on are read-only"},
      {"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE …every client session of others that began before",
       "", "sessions that could still write come back as readers"}};
}

FenceMemory SourceFence::remember() {
  const pg::Result found = session_.exec(source_fence_sql::kCurrentSetting);
  if (found.rows() == 0) return {};
  return {.previous = found.text(0, 0)};
}

void SourceFence::set_default(const std::optional<std::string>& value) {
  const std::string database = pg::quote_identifier(session_.exec("select pg_catalog.current_database()").text(0, 0));
  session_.exec("ALTER DATABASE " + database +
                (value ? " SET default_transaction_read_only = " + pg::quote_literal(*value)
                       : std::string{" RESET default_transaction_read_only"}));
}

void SourceFence::put_up(std::chrono::milliseconds limit, const std::stop_token& stop) {
  set_default("on");
  end_sessions(limit, stop);
  if (session_.exec(source_fence_sql::kObstacles).integer(0, 3) != 0) {
    throw Error(ErrorKind::Refused, "a prepared transaction is open on the source: it may commit behind the fence")
        .remedy("commit it or roll it back (pg_prepared_xacts), then run `agent cutover` again");
  }
}

void SourceFence::lift(const FenceMemory& memory, std::chrono::milliseconds limit) {
  set_default(memory.previous);
  end_sessions(limit, {});
}

void SourceFence::end_sessions(std::chrono::milliseconds limit, const std::stop_token& stop) {
  // By the server's clock, after the setting was committed: whoever connects later has it.
  const std::string now = session_.exec("select pg_catalog.clock_timestamp()").text(0, 0);
  const auto give_up = Clock::now() + limit;
  for (;;) {
    const pg::Result left = session_.exec(source_fence_sql::kEndSessions, {std::string_view{now}});
    if (left.rows() == 0) return;
    if (Clock::now() >= give_up || !core::pause(kLook, stop)) {
      throw Error(ErrorKind::Source, "sessions of others on the source do not end")
          .with("sessions", std::to_string(left.rows()))
          .with("first", left.text(0, 0))
          .remedy("see pg_stat_activity for what keeps them, then run `agent cutover` again");
    }
  }
}

void require_fenced(const pg::ConnectionParams& as_anybody, const core::QualifiedName& table) {
  pg::Session session(as_anybody, "cutover-trial");
  const std::string name = pg::quote_name(table);
  const pg::Result column = session.exec(source_fence_sql::kFirstColumn, {std::string_view{name}});
  const std::string quoted = pg::quote_identifier(column.text(0, 0));
  try {
    session.exec("UPDATE " + name + " SET " + quoted + " = " + quoted + " WHERE false");
  } catch (const Error& error) {
    if (error.sqlstate() == kReadOnly) return;
    throw;
  }
  throw Error(ErrorKind::Refused, "the fence does not hold: a new session may write to the source")
      .with("table", table.display())
      .remedy("look for settings of roles (ALTER ROLE … SET default_transaction_read_only) and of the agent's URL");
}

std::string others_connected(pg::Session& session) { return session.exec(source_fence_sql::kOthers).text(0, 0); }

}  // namespace cutover
