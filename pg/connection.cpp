#include "pg/connection.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "core/watched_thread.hpp"
#include "pg/pinned_settings.hpp"
#include "pg/quoting.hpp"
#include "pg/server_error.hpp"
#include "pg/silent_peer.hpp"

namespace pg {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kSqlAscii = "SQL_ASCII";

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
    : params_(params),
      connection_(connect(params, purpose, use)),
      cancel_(PQgetCancel(connection_.get())),
      silence_limit_(silence_limit(connection_.get())) {
  PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  PQsetNoticeReceiver(connection_.get(), receive_notice, nullptr);
  // All waiting is done here, where a stop can end it: libpq must not block while it sends.
  if (PQsetnonblocking(connection_.get(), 1) != 0) throw_lost();
  if (!version().is_supported()) {
    throw core::Error{error_kind(params_.side()), "the server is older than PostgreSQL 10"}
        .with("server_version", std::to_string(version().number))
        .remedy("upgrade the server");
  }
  pin(use);
}

void Connection::pin(ConnectionUse use) {
  std::vector<Setting> wanted = wanted_settings(params_, use);
  if (is_unencoded()) {
    const auto encoding =
        std::find_if(wanted.begin(), wanted.end(), [](const Setting& each) { return each.first == "client_encoding"; });
    if (encoding != wanted.end()) encoding->second = kSqlAscii;
  }
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
  const auto read_back = [&] {
    std::vector<std::string> values =
        first_row(exec(select_list(expected, false) + ", pg_catalog.pg_backend_pid()").get());
    is_pid_known_ = values.back() == std::to_string(PQbackendPID(connection_.get()));
    return values;
  };
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

/// A source in SQL_ASCII holds whatever bytes were stored. Asked for UTF-8 it refuses to send a value that is none, and with it the whole
/// COPY, and the stream for ever. So the bytes are taken as they are: the target refuses what is no text, row by row.
bool Connection::is_unencoded() const {
  const char* encoding = PQparameterStatus(connection_.get(), "server_encoding");
  return params_.side() == Side::Source && encoding != nullptr && encoding == kSqlAscii;
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
  while (ResultGuard next = next_result()) {
    const ExecStatusType status = PQresultStatus(next.get());
    const bool is_copy = status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
    if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_NONFATAL_ERROR) {
      if (PQstatus(connection_.get()) == CONNECTION_OK && PQresultErrorField(next.get(), PG_DIAG_SQLSTATE) == nullptr) {
        // libpq's own words on bytes that make no sense to it. What would come next makes none either.
        const core::Error lost = connection_lost(connection_.get(), params_);
        drop();
        throw lost;
      }
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

ResultGuard Connection::next_result() {
  flush();
  while (PQisBusy(connection_.get()) != 0 && await()) {
  }
  core::beat();
  return ResultGuard{PQgetResult(connection_.get())};
}

bool Connection::await(bool wants_write) {
  const short events = wants_write ? static_cast<short>(POLLIN | POLLOUT) : static_cast<short>(POLLIN);
  SignsOfLife signs{params_, connection_.get()};
  try {
    while (!wait_unless_stopped(params_, PQsocket(connection_.get()), events, Clock::now() + silence_limit_)) {
      if (is_pid_known_ && !signs.look()) throw silent_peer(params_);
      core::beat();  // however long it takes: the server is at work
      spdlog::info("still waiting for an answer server={}", params_.display());
    }
  } catch (const core::Error&) {
    drop();
    throw;
  }
  core::beat();
  return PQconsumeInput(connection_.get()) != 0;
}

void Connection::flush() {
  // Reads meanwhile: a server that is busy sending takes nothing before somebody reads.
  while (PQflush(connection_.get()) == 1 && await(true)) {
  }
}

void Connection::ready() {
  if (is_broken()) throw_lost();
  if (PQtransactionStatus(connection_.get()) != PQTRANS_ACTIVE) return;
  // A COPY was left in the middle, by an exception as a rule. Its outcome is an error that nobody needs any more.
  cancel();
  while (const ResultGuard left = next_result()) {
    const ExecStatusType status = PQresultStatus(left.get());
    if (status == PGRES_COPY_IN && PQputCopyEnd(connection_.get(), "abandoned") < 0) break;
    if (status == PGRES_COPY_OUT) {
      char* row = nullptr;
      int bytes = 0;
      while ((bytes = PQgetCopyData(connection_.get(), &row, 1)) >= 0) {
        if (bytes > 0) PQfreemem(row);
        if (bytes == 0 && !await()) break;
      }
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
