#include "cutover/read_only_fence.hpp"

#include <string_view>

#include "pg/quoting.hpp"
#include "pg/sqlstate.hpp"

namespace cutover {

namespace {

using nlohmann::json;

/// Owner's right; roles with a writable default of their own. Works on PostgreSQL 10 and later.
constexpr std::string_view kObstacles = R"sql(
select
  (select pg_catalog.pg_has_role(d.datdba, 'USAGE') from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()),
  (select pg_catalog.string_agg(distinct s.setrole::pg_catalog.regrole::text, ', ') from pg_catalog.pg_db_role_setting s
     join pg_catalog.pg_database d on d.datname = pg_catalog.current_database() and s.setdatabase in (0, d.oid)
   where s.setrole <> 0 and exists (select from pg_catalog.unnest(s.setconfig) c
     where c like 'default_transaction_read_only=%' and pg_catalog.lower(pg_catalog.split_part(c, '=', 2)) not in ('on', 'true', 'yes', '1', 't'))))sql";

/// The database's own setting, if it has one.
constexpr std::string_view kCurrentSetting = R"sql(
select pg_catalog.substr(c, pg_catalog.length('default_transaction_read_only=') + 1)
from pg_catalog.pg_db_role_setting s join pg_catalog.pg_database d on d.oid = s.setdatabase, pg_catalog.unnest(s.setconfig) c
where d.datname = pg_catalog.current_database() and s.setrole = 0 and c like 'default_transaction_read_only=%')sql";

}  // namespace

std::string ReadOnlyFence::obstacle() {
  const pg::Result found = session_.exec(kObstacles);
  if (!found.is_true(0, 0)) {
    return "the agent's role does not own the database, so that it cannot make it read-only: GRANT its owner's role to "
           "it";
  }
  if (const std::string roles = found.text(0, 1); !roles.empty()) {
    return "settings of roles make their transactions writable whatever the database says: ALTER ROLE … RESET "
           "default_transaction_read_only for " +
           roles;
  }
  if (const std::string roles = others_.beyond_reach(); !roles.empty()) {
    return "the agent's role may not see or end sessions of " + roles +
           ": GRANT pg_signal_backend and pg_read_all_stats to it (a superuser's sessions only a superuser may end)";
  }
  return {};
}

Plan ReadOnlyFence::plan() {
  const std::string database = pg::quote_identifier(session_.exec("select pg_catalog.current_database()").text(0, 0));
  return {
      {"ALTER DATABASE " + database + " SET default_transaction_read_only = on", "",
       "transactions that begin from now on are read-only"},
      {"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE …every client session of others that began before",
       "", "sessions that could still write come back as readers"}};
}

json ReadOnlyFence::remember() {
  const pg::Result found = session_.exec(kCurrentSetting);
  return {{"previous", found.rows() == 0 ? json() : json(found.text(0, 0))}};
}

void ReadOnlyFence::set_default(const std::optional<std::string>& value) {
  const std::string database = pg::quote_identifier(session_.exec("select pg_catalog.current_database()").text(0, 0));
  session_.exec("ALTER DATABASE " + database +
                (value ? " SET default_transaction_read_only = " + pg::quote_literal(*value)
                       : std::string{" RESET default_transaction_read_only"}));
}

void ReadOnlyFence::put_up(std::chrono::milliseconds limit, const std::stop_token& stop) {
  set_default("on");
  // By the server's clock, after the setting was committed: whoever connects later has it.
  up_since_ = others_.now();
  others_.end_those_before(*up_since_, OtherSessions::Whom::Everybody, limit, stop);
}

void ReadOnlyFence::lift(const json& memory, std::chrono::milliseconds limit) {
  const json previous = memory.is_object() ? memory.value("previous", json()) : json();
  set_default(previous.is_string() ? std::optional{previous.get<std::string>()} : std::nullopt);
  up_since_.reset();
  // Whoever is out of reach, and has come behind the fence, stays a reader until it connects again.
  others_.end_those_before(others_.now(), OtherSessions::Whom::WithinReach, limit, {});
}

std::string ReadOnlyFence::breach(const std::string& trial, std::chrono::milliseconds limit) {
  if (trial != pg::kReadOnlyTransaction) {
    return "a new session may write to the source: look for settings of roles (ALTER ROLE … SET "
           "default_transaction_read_only) and of the agent's URL";
  }
  // A session is not in pg_stat_activity yet when it takes over the settings.
  if (up_since_) others_.end_those_before(*up_since_, OtherSessions::Whom::WithinReach, limit, {});
  return {};
}

}  // namespace cutover
