#include "pg/connecting.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "core/watched_thread.hpp"
#include "pg/host_list.hpp"
#include "pg/name_lookup.hpp"
#include "pg/server_error.hpp"
#include "pg/session.hpp"

namespace pg {

namespace {

using Clock = std::chrono::steady_clock;

Keywords keywords_for(const ConnectionParams& params, std::string_view purpose, ConnectionUse use, bool sends_options) {
  Keywords keywords = params.keywords();
  put(keywords, "application_name", application_name(purpose));
  put(keywords, "client_encoding", "UTF8");
  std::erase_if(keywords, [](const auto& pair) { return pair.first == "replication"; });
  if (use == ConnectionUse::Replication) keywords.emplace_back("replication", "database");

  std::string options = params.value("options");
  if (!options.empty()) options += ' ';
  if (sends_options) {
    put(keywords, "options", options + as_options(wanted_settings(params, use)));
  } else {
    std::erase_if(keywords, [](const auto& pair) { return pair.first == "options"; });
  }

  put_default(keywords, "connect_timeout", "10");
  put_default(keywords, "keepalives_idle", "10");
  put_default(keywords, "keepalives_interval", "5");
  put_default(keywords, "keepalives_count", "3");
  // Milliseconds after which data that the peer never acknowledged ends the connection: half-open links give no error otherwise.
  put_default(keywords, "tcp_user_timeout", "30000");
  return keywords;
}

/// libpq's connect_timeout: seconds, at least two; nothing when there is no limit.
std::optional<std::chrono::seconds> connect_timeout(const Keywords& keywords) {
  const std::string text = value_of(keywords, "connect_timeout");
  int seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (seconds <= 0) return std::nullopt;
  return std::chrono::seconds{std::max(seconds, 2)};
}

struct Attempt {
  ConnectionGuard connection;
  std::string failure;  ///< not empty when it is not libpq that knows it: the time was over, the name is not known
  [[nodiscard]] bool is_connected() const { return connection && PQstatus(connection.get()) == CONNECTION_OK; }
  [[nodiscard]] std::string_view sqlstate() const {
    return failure.empty() ? sqlstate_of_failure(PQerrorMessage(connection.get())) : std::string_view{};
  }
};

Attempt attempt(const ConnectionParams& params, const Keywords& keywords) {
  core::beat();
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : keywords) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  Attempt result{ConnectionGuard{PQconnectStartParams(names.data(), values.data(), 0)}, {}};
  PGconn* const connection = result.connection.get();
  if (connection == nullptr) throw std::bad_alloc{};
  // A failed connection has no result to ask for its SQLSTATE, but its verbose text holds it.
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  const auto limit = connect_timeout(keywords);
  std::optional<Clock::time_point> deadline;
  if (limit) deadline = Clock::now() + *limit;
  PostgresPollingStatusType state =
      PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING) {
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!wait_unless_stopped(params, PQsocket(connection), events, deadline)) {
      result.failure = "no answer within " + std::to_string(limit->count()) + " s";
      break;
    }
    state = PQconnectPoll(connection);
  }
  return result;
}

/// A server that answered decides, unless it only says that it is not ready.
bool is_decided(const Attempt& tried) {
  return tried.is_connected() || (!tried.sqlstate().empty() && tried.sqlstate() != "57P03");
}

/// libpq would look a name up itself, and nobody could interrupt it: it is given addresses.
Attempt attempt_each_address(const ConnectionParams& params, Keywords keywords) {
  const std::string host = value_of(keywords, "host");
  const bool is_name = !host.empty() && host.front() != '/' && host.front() != '@' && !is_address(host);
  if (!is_name || !value_of(keywords, "hostaddr").empty()) return attempt(params, keywords);
  const NameLookup found = look_up(params, host, connect_timeout(keywords));
  Attempt last{nullptr, found.failure};
  for (const std::string& address : found.addresses) {
    put(keywords, "hostaddr", address);
    last = attempt(params, keywords);
    if (is_decided(last)) break;
  }
  return last;
}

/// One host after the other, as libpq does it, but so that a stop is noticed and each has its time.
Attempt attempt_each_host(const ConnectionParams& params, const Keywords& keywords) {
  Attempt last;
  for (const Keywords& host : each_host(keywords)) {
    last = attempt_each_address(params, host);
    if (is_decided(last)) break;
  }
  return last;
}

/// Poolers refuse what they do not know of the start-up packet, with a code that says no more than "protocol violation".
bool is_refusal_of_options(const Attempt& failed) {
  return failed.sqlstate() == "08P01" &&
         std::string_view{PQerrorMessage(failed.connection.get())}.find("startup parameter") != std::string_view::npos;
}

}  // namespace

/// The settings to pin while connecting: the common ones, with the caller's in their place.
std::vector<Setting> wanted_settings(const ConnectionParams& params, ConnectionUse use) {
  std::vector<Setting> settings = pinned_settings(params.side());
  // Slot creation waits for other transactions in their lock; it is bounded by its caller.
  if (use == ConnectionUse::Replication) put(settings, "lock_timeout", "0");
  for (const auto& [name, value] : params.settings()) put(settings, name, value);
  return settings;
}

core::Error stopped(const ConnectionParams& params) {
  return core::Error{error_kind(params.side()), "the agent is stopping and waits no longer for the " +
                                                    std::string{params.side() == Side::Source ? "source" : "target"}}
      .with("server", params.display())
      .transient();
}

bool wait_for_socket(int socket, short events, std::optional<Clock::time_point> deadline) {
  for (;;) {
    int timeout = -1;
    if (deadline) {
      // Rounded up: a wait that ends a fraction too early would spin.
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
      timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
    }
    pollfd entry{socket, events, 0};
    const int ready = poll(&entry, 1, timeout);
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) {
      throw core::Error{core::ErrorKind::Bug, std::string{"poll failed: "} + std::strerror(errno)};
    }
  }
}

bool wait_unless_stopped(const ConnectionParams& params, int socket, short events,
                         std::optional<Clock::time_point> deadline) {
  for (;;) {
    if (params.is_stop_over()) throw stopped(params);
    const auto tick = Clock::now() + kStopTick;
    if (wait_for_socket(socket, events, deadline ? std::min(tick, *deadline) : tick)) return true;
    if (deadline && Clock::now() >= *deadline) return false;
  }
}

std::chrono::seconds silence_limit(const PGconn* connection) {
  const ConninfoGuard options{PQconninfo(const_cast<PGconn*>(connection))};
  const auto number = [&](std::string_view keyword, int otherwise) {
    for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
      if (option->val == nullptr || keyword != option->keyword) continue;
      int value = 0;
      const std::string_view text{option->val};
      std::from_chars(text.data(), text.data() + text.size(), value);
      return value > 0 ? value : otherwise;
    }
    return otherwise;
  };
  return std::chrono::seconds{number("keepalives_idle", 10) +
                              number("keepalives_interval", 5) * number("keepalives_count", 3)};
}

ConnectionGuard connect(const ConnectionParams& params, std::string_view purpose, ConnectionUse use) {
  Attempt result = attempt_each_host(params, keywords_for(params, purpose, use, true));
  if (!result.is_connected() && use == ConnectionUse::Sql && is_refusal_of_options(result)) {
    result = attempt_each_host(params, keywords_for(params, purpose, use, false));
  }
  if (!result.is_connected()) throw connect_error(result.connection.get(), params, result.failure);
  return std::move(result.connection);
}

}  // namespace pg
