#include "pg/silent_peer.hpp"

#include <poll.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>

#include "pg/connecting.hpp"

namespace pg {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLongestAnswer{10};

/// A process that waits for its client has answered, or was never asked. Where activity is not tracked, or hidden, nothing is known.
constexpr const char* kIsAtWork =
    "select case when state is null or state = 'disabled' then true "
    "else state = 'active' and wait_event_type is distinct from 'Client' end "
    "from pg_catalog.pg_stat_activity where pid = $1::pg_catalog.int4";

/// The whole answer, or nothing when it did not come in time.
ResultGuard ask(const ConnectionParams& params, PGconn* connection, int pid) {
  const std::string number = std::to_string(pid);
  const std::array<const char*, 1> values{number.c_str()};
  if (PQsendQueryParams(connection, kIsAtWork, 1, nullptr, values.data(), nullptr, nullptr, 0) == 0) return {};
  const auto deadline = Clock::now() + kLongestAnswer;
  while (PQisBusy(connection) != 0) {
    if (!wait_unless_stopped(params, PQsocket(connection), POLLIN, deadline)) return {};
    if (PQconsumeInput(connection) == 0) return {};
  }
  return ResultGuard{PQgetResult(connection)};
}

}  // namespace

bool is_at_work(const ConnectionParams& params, int pid) {
  ConnectionGuard connection;
  try {
    connection = connect(params, "probe", ConnectionUse::Sql);
  } catch (const core::Error& error) {
    if (params.is_stop_over()) throw;
    return !error.sqlstate().empty();  // it is there, but has no room for another connection
  }
  const ResultGuard answer = ask(params, connection.get(), pid);
  if (!answer) return false;
  if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) return true;
  return PQntuples(answer.get()) == 1 && std::string_view{PQgetvalue(answer.get(), 0, 0)} == "t";
}

core::Error silent_peer(const ConnectionParams& params) {
  return core::Error{error_kind(params.side()), std::string{"the "} +
                                                    (params.side() == Side::Source ? "source" : "target") +
                                                    " does not answer, and is not at work on what it was asked"}
      .with("server", params.display())
      .transient()
      .remedy("if this comes again, look for a pooler, proxy or firewall in between that loses what passes");
}

}  // namespace pg
