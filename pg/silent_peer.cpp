#include "pg/silent_peer.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pg/connecting.hpp"

namespace pg {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLongestAnswer{10};
constexpr std::chrono::seconds kLateAnswer{1};

/// Whether the process $1 is at work, and how far it has got with a COPY. A process that waits for its client has answered, was never asked,
/// or has not been reached by all of it yet. Where activity is not tracked, or hidden, nothing is known.
std::string question(int server_version) {
  const bool shows_copies = server_version >= 140000;
  const std::string copied =
      "coalesce((select bytes_processed from pg_catalog.pg_stat_progress_copy "
      "where pid = $1::pg_catalog.int4 and command = 'COPY FROM'), 0)";
  return "select case when state is null or state = 'disabled' then true "
         "else state = 'active' and wait_event_type is distinct from 'Client' end, " +
         (shows_copies ? copied : "0") + " from pg_catalog.pg_stat_activity where pid = $1::pg_catalog.int4";
}

/// The whole answer, or nothing when it did not come in time.
ResultGuard ask(const ConnectionParams& params, PGconn* connection, int pid) {
  const std::string number = std::to_string(pid);
  const std::array<const char*, 1> values{number.c_str()};
  const std::string sql = question(PQserverVersion(connection));
  if (PQsendQueryParams(connection, sql.c_str(), 1, nullptr, values.data(), nullptr, nullptr, 0) == 0) return {};
  const auto deadline = Clock::now() + kLongestAnswer;
  while (PQisBusy(connection) != 0) {
    if (!wait_unless_stopped(params, PQsocket(connection), POLLIN, deadline)) return {};
    if (PQconsumeInput(connection) == 0) return {};
  }
  return ResultGuard{PQgetResult(connection)};
}

/// Bytes that were sent and that the peer's machine, or the proxy before it, has not taken. 0 where nobody says.
int unsent_bytes(const PGconn* connection) {
  int bytes = 0;
  return ioctl(PQsocket(connection), SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

}  // namespace

SignsOfLife::SignsOfLife(const ConnectionParams& params, const PGconn* connection)
    : params_(params), connection_(connection), unsent_(unsent_bytes(connection)) {}

bool SignsOfLife::has_sent_on() {
  const int before = std::exchange(unsent_, unsent_bytes(connection_));
  return unsent_ != before;
}

bool SignsOfLife::look() {
  // What the server had answered by the time of the question may be on its way just as the answer to that was.
  return has_sent_on() || is_said_to_work() ||
         wait_unless_stopped(params_, PQsocket(connection_), POLLIN, Clock::now() + kLateAnswer);
}

bool SignsOfLife::is_said_to_work() {
  ConnectionGuard probe;
  try {
    probe = connect(params_, "probe", ConnectionUse::Sql);
  } catch (const core::Error& error) {
    if (params_.is_stop_over()) throw;
    return !error.sqlstate().empty();  // it is there, but has no room for another connection
  }
  const ResultGuard answer = ask(params_, probe.get(), PQbackendPID(connection_));
  if (!answer) return false;
  if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) return true;
  if (PQntuples(answer.get()) == 0) return false;
  const std::int64_t copied_before = std::exchange(copied_bytes_, std::atoll(PQgetvalue(answer.get(), 0, 1)));
  return std::string_view{PQgetvalue(answer.get(), 0, 0)} == "t" || copied_bytes_ > copied_before;
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
