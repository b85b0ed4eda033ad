#include "pg/connection.hpp"

#include <netdb.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "pg/pinned_settings.hpp"
#include "pg/quoting.hpp"
#include "pg/server_error.hpp"

namespace pg {

namespace {

using Clock = std::chrono::steady_clock;
using Keywords = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kLongestName = 63;  // NAMEDATALEN - 1: the server cuts application_name there

/// Sets `keyword`, replacing what was given.
void put(Keywords& keywords, const std::string& keyword, std::string value) {
  std::erase_if(keywords, [&](const auto& pair) { return pair.first == keyword; });
  keywords.emplace_back(keyword, std::move(value));
}

/// Sets `keyword` unless the user has.
void put_default(Keywords& keywords, const std::string& keyword, std::string value) {
  const bool is_given =
      std::any_of(keywords.begin(), keywords.end(), [&](const auto& pair) { return pair.first == keyword; });
  if (!is_given) keywords.emplace_back(keyword, std::move(value));
}

/// The settings to pin while connecting: the common ones, with the caller's in their place.
std::vector<Setting> wanted_settings(const ConnectionParams& params, ConnectionUse use) {
  std::vector<Setting> settings = pinned_settings(params.side());
  // Slot creation waits for other transactions in their lock; it is bounded by its caller.
  if (use == ConnectionUse::Replication) put(settings, "lock_timeout", "0");
  for (const auto& [name, value] : params.settings()) put(settings, name, value);
  return settings;
}

Keywords keywords_for(const ConnectionParams& params, std::string_view purpose, ConnectionUse use, bool sends_options) {
  Keywords keywords = params.keywords();
  std::string name = "dispatch-sync/" + std::string{purpose};
  name.resize(std::min(name.size(), kLongestName));
  put(keywords, "application_name", std::move(name));
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

std::string value_of(const Keywords& keywords, std::string_view keyword) {
  const auto found =
      std::find_if(keywords.begin(), keywords.end(), [&](const auto& pair) { return pair.first == keyword; });
  return found == keywords.end() ? std::string{} : found->second;
}

/// libpq's connect_timeout: seconds, at least two; nothing when there is no limit.
std::optional<std::chrono::seconds> connect_timeout(const Keywords& keywords) {
  const std::string text = value_of(keywords, "connect_timeout");
  int seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (seconds <= 0) return std::nullopt;
  return std::chrono::seconds{std::max(seconds, 2)};
}

/// The addresses of the one host to connect to, each tried with the whole timeout. Nothing when libpq needs no help: a socket, an
/// address, several hosts, one address only, or a name that does not resolve (libpq says so).
std::vector<std::string> addresses(const Keywords& keywords) {
  const std::string host = value_of(keywords, "host");
  const bool is_name =
      !host.empty() && host.front() != '/' && host.front() != '@' && host.find(',') == std::string::npos;
  if (!is_name || !value_of(keywords, "hostaddr").empty()) return {};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> guard{list, &freeaddrinfo};
  std::vector<std::string> found;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0) {
      found.emplace_back(text.data());
    }
  }
  return found.size() > 1 ? found : std::vector<std::string>{};
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

struct Attempt {
  ConnectionGuard connection;
  std::string timeout;  ///< not empty when the time was over
  [[nodiscard]] bool is_connected() const { return connection && PQstatus(connection.get()) == CONNECTION_OK; }
  [[nodiscard]] std::string_view sqlstate() const {
    return timeout.empty() ? sqlstate_of_failure(PQerrorMessage(connection.get())) : std::string_view{};
  }
};

Attempt attempt(const Keywords& keywords) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : keywords) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  // With several hosts, only libpq's own loop goes on to the next one when a timeout passes.
  if (value_of(keywords, "host").find(',') != std::string::npos) {
    return {ConnectionGuard{PQconnectdbParams(names.data(), values.data(), 0)}, {}};
  }
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
    if (!wait_for_socket(PQsocket(connection), events, deadline)) {
      result.timeout = "no answer within " + std::to_string(limit->count()) + " s";
      break;
    }
    state = PQconnectPoll(connection);
  }
  return result;
}

Attempt attempt_each_address(Keywords keywords) {
  const std::vector<std::string> list = addresses(keywords);
  if (list.empty()) return attempt(keywords);
  Attempt last;
  for (const std::string& address : list) {
    put(keywords, "hostaddr", address);
    last = attempt(keywords);
    // A server that answered decides, unless it only says that it is not ready.
    if (last.is_connected() || (!last.sqlstate().empty() && last.sqlstate() != "57P03")) break;
  }
  return last;
}

/// Poolers refuse what they do not know of the start-up packet, with a code that says no more than "protocol violation".
bool is_refusal_of_options(const Attempt& failed) {
  return failed.sqlstate() == "08P01" &&
         std::string_view{PQerrorMessage(failed.connection.get())}.find("startup parameter") != std::string_view::npos;
}

ConnectionGuard connect(const ConnectionParams& params, std::string_view purpose, ConnectionUse use) {
  Attempt result = attempt_each_address(keywords_for(params, purpose, use, true));
  if (!result.is_connected() && use == ConnectionUse::Sql && is_refusal_of_options(result)) {
    result = attempt_each_address(keywords_for(params, purpose, use, false));
  }
  if (!result.is_connected()) throw connect_error(result.connection.get(), params, result.timeout);
  return std::move(result.connection);
}

/// Notices may quote values and would go to stderr: only their codes are kept.
void receive_notice(void* /*context*/, const PGresult* notice) {
  const char* state = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
  spdlog::debug("the server gave a notice (SQLSTATE {})", state == nullptr ? "unknown" : state);
}

std::string select_list(const std::vector<Setting>& settings, bool sets_them) {
  std::string sql = "select ";
  for (const auto& [name, value] : settings) {
    if (sql.size() > 7) sql += ", ";
    sql += sets_them ? "pg_catalog.set_config(" + quote_literal(name) + ", " + quote_literal(value) + ", false)"
                     : "pg_catalog.current_setting(" + quote_literal(name) + ")";
  }
  return sql;
}

std::vector<std::string> first_row(const PGresult* result) {
  std::vector<std::string> values;
  for (int column = 0; column < PQnfields(result); ++column) values.emplace_back(PQgetvalue(result, 0, column));
  return values;
}

}  // namespace

Connection::Connection(const ConnectionParams& params, std::string_view purpose, ConnectionUse use)
    : params_(params), connection_(connect(params, purpose, use)), cancel_(PQgetCancel(connection_.get())) {
  PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  PQsetNoticeReceiver(connection_.get(), receive_notice, nullptr);
  if (!version().is_supported()) {
    throw core::Error{error_kind(params_.side()), "the server is older than PostgreSQL 10"}
        .with("server_version", std::to_string(version().number))
        .remedy("upgrade the server");
  }
  pin(use);
}

void Connection::pin(ConnectionUse use) {
  const std::vector<Setting> wanted = wanted_settings(params_, use);
  const std::vector<Setting> since = pinned_settings_since(version());
  // What the caller asked for may be written in another unit than the server shows, so it is compared by what set_config() says.
  std::vector<Setting> expected;
  for (const Setting& setting : wanted) {
    const auto& own = params_.settings();
    if (std::find(own.begin(), own.end(), setting) == own.end()) expected.push_back(setting);
  }
  if (!since.empty()) {
    const std::vector<std::string> set = first_row(exec(select_list(since, true)).get());
    for (std::size_t at = 0; at < since.size(); ++at) expected.emplace_back(since[at].first, set[at]);
  }
  const auto read_back = [&] { return first_row(exec(select_list(expected, false)).get()); };
  const auto differing = [&](const std::vector<std::string>& values) -> const std::string* {
    for (std::size_t at = 0; at < expected.size(); ++at) {
      if (values[at] != expected[at].second) return &expected[at].first;
    }
    return nullptr;
  };
  if (differing(read_back()) != nullptr || !params_.settings().empty()) {
    // The endpoint dropped the options (poolers do): set them, then look again.
    const std::vector<std::string> set = first_row(exec(select_list(wanted, true)).get());
    for (std::size_t at = 0; at < wanted.size(); ++at) {
      const auto& own = params_.settings();
      if (std::find(own.begin(), own.end(), wanted[at]) != own.end()) expected.emplace_back(wanted[at].first, set[at]);
    }
  }
  if (const std::string* name = differing(read_back()); name != nullptr) {
    throw core::Error{error_kind(params_.side()), "the server does not keep the settings that this program depends on"}
        .with("setting", *name)
        .remedy(
            "connect directly to the server, or through a pooler in session mode (on Supabase port 5432, not 6543)");
  }
}

ResultGuard Connection::exec(std::string_view sql) {
  ready();
  if (sql.find('\0') != std::string_view::npos)
    throw core::Error{core::ErrorKind::Bug, "a statement holds a zero byte"};
  return collect(PQsendQuery(connection_.get(), std::string{sql}.c_str()));
}

ResultGuard Connection::collect(int is_sent) {
  ResultGuard last;
  ResultGuard failure;
  // Also when sending failed: the server may have said why before it closed the connection.
  while (ResultGuard next{PQgetResult(connection_.get())}) {
    const ExecStatusType status = PQresultStatus(next.get());
    const bool is_copy = status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
    if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_NONFATAL_ERROR) {
      // The first one is the server's; libpq adds its own when the server hangs up afterwards.
      if (!failure) failure = std::move(next);
      if (PQstatus(connection_.get()) == CONNECTION_BAD) break;
      continue;
    }
    last = std::move(next);
    if (is_copy) break;
  }
  if (failure) throw server_error(failure.get(), connection_.get(), params_);
  if (is_sent == 0 || !last) throw server_error(nullptr, connection_.get(), params_);
  return last;
}

void Connection::ready() {
  if (is_broken()) throw_lost();
  if (PQtransactionStatus(connection_.get()) != PQTRANS_ACTIVE) return;
  // A COPY was left in the middle, by an exception as a rule. Its outcome is an error that nobody needs any more.
  cancel();
  while (const ResultGuard left{PQgetResult(connection_.get())}) {
    const ExecStatusType status = PQresultStatus(left.get());
    if (status == PGRES_COPY_IN && PQputCopyEnd(connection_.get(), "abandoned") < 0) break;
    if (status == PGRES_COPY_OUT) {
      char* row = nullptr;
      while (PQgetCopyData(connection_.get(), &row, 0) > 0) PQfreemem(row);
    }
    if (status == PGRES_COPY_BOTH) {
      drop();
      break;
    }
    if (PQstatus(connection_.get()) == CONNECTION_BAD) break;
  }
  if (is_broken()) throw_lost();
}

bool Connection::wait(Deadline deadline, bool wants_write) const {
  const short events = wants_write ? static_cast<short>(POLLIN | POLLOUT) : static_cast<short>(POLLIN);
  return wait_for_socket(PQsocket(connection_.get()), events, deadline);
}

void Connection::cancel() const noexcept {
  // Best effort by nature: the statement may just have ended, and who waits for it finds out by its result.
  std::array<char, 256> ignored{};
  if (cancel_) PQcancel(cancel_.get(), ignored.data(), static_cast<int>(ignored.size()));
}

void Connection::throw_lost() const { throw connection_lost(connection_.get(), params_); }

}  // namespace pg
