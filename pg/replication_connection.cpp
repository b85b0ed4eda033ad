#include "pg/replication_connection.hpp"

#include <algorithm>
#include <utility>

#include "core/watched_thread.hpp"
#include "pg/connection.hpp"
#include "pg/result_impl.hpp"
#include "pg/server_error.hpp"

namespace pg {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLongestSend{10};
constexpr std::chrono::seconds kTick{1};
/// How long a cancelled command may take to end before its connection is closed instead.
constexpr std::chrono::seconds kLongestCancel{10};

core::Error nonsense(const char* what) { return core::Error{core::ErrorKind::Protocol, what}; }

}  // namespace

struct ReplicationConnection::Impl {
  Impl(const ConnectionParams& params, std::string_view purpose)
      : connection(params, purpose, ConnectionUse::Replication) {}

  PGconn* get() const { return connection.get(); }

  /// Takes in what the socket has; throws when the connection broke.
  void consume() {
    if (PQconsumeInput(get()) == 0) connection.throw_lost();
  }

  /// Waits until PQgetResult would not block. False when the deadline came first.
  bool wait_for_result(Clock::time_point deadline) {
    while (PQisBusy(get()) != 0) {
      if (!connection.wait(deadline)) return false;
      consume();
    }
    return true;
  }

  /// The stream's end: reads what the server has to say, which throws when it is an error. False when the deadline came first.
  bool finish_stream(Clock::time_point deadline) {
    is_ended = true;
    while (wait_for_result(deadline)) {
      const ResultGuard result{PQgetResult(get())};
      if (!result) return true;
      const ExecStatusType status = PQresultStatus(result.get());
      if (status == PGRES_COPY_IN || status == PGRES_COPY_BOTH) {
        // The server ended its half; ours is still open.
        if (PQputCopyEnd(get(), nullptr) < 0) connection.throw_lost();
        flush(deadline);
      } else if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        throw server_error(result.get(), get(), connection.params());
      }
    }
    return false;
  }

  /// Sends what libpq holds back. Reads meanwhile: a server that is busy sending takes nothing before somebody reads.
  void flush(Clock::time_point deadline) {
    for (;;) {
      const int state = PQflush(get());
      if (state == 0) return;
      if (state < 0) connection.throw_lost();
      if (!connection.wait(deadline, true)) {
        connection.drop();
        connection.throw_lost();
      }
      consume();
    }
  }

  void end_cancelled() {
    connection.cancel();
    const auto deadline = Clock::now() + kLongestCancel;
    while (wait_for_result(deadline)) {
      if (!ResultGuard{PQgetResult(get())}) return;
    }
    connection.drop();
  }

  Connection connection;
  TextGuard frame;
  bool is_streaming = false;
  bool is_ended = false;
};

ReplicationConnection::ReplicationConnection(const ConnectionParams& params, std::string_view purpose)
    : impl_(std::make_unique<Impl>(params, purpose)) {}
ReplicationConnection::~ReplicationConnection() = default;
ReplicationConnection::ReplicationConnection(ReplicationConnection&&) noexcept = default;
ReplicationConnection& ReplicationConnection::operator=(ReplicationConnection&&) noexcept = default;

ServerIdentity ReplicationConnection::identify_system() {
  const Result result = exec("IDENTIFY_SYSTEM");
  if (result.rows() != 1 || result.columns() < 4) throw nonsense("IDENTIFY_SYSTEM gave an unexpected answer");
  return {result.text(0, 0), static_cast<std::uint32_t>(result.integer(0, 1)), result.text(0, 3)};
}

Result ReplicationConnection::exec(std::string_view command) { return make_result(impl_->connection.exec(command)); }

std::optional<Result> ReplicationConnection::exec_at_most(std::string_view command, std::chrono::milliseconds most,
                                                          const std::function<void()>& tick) {
  impl_->connection.ready();
  const auto deadline = Clock::now() + most;
  if (PQsendQuery(impl_->get(), std::string{command}.c_str()) == 0) impl_->connection.throw_lost();
  impl_->connection.flush();
  while (!impl_->wait_for_result(std::min<Clock::time_point>(deadline, Clock::now() + kTick))) {
    try {
      core::beat();
      tick();
      if (Clock::now() < deadline) continue;
    } catch (...) {
      impl_->end_cancelled();
      throw;
    }
    impl_->end_cancelled();
    return std::nullopt;
  }
  return make_result(impl_->connection.collect(1));
}

void ReplicationConnection::start(std::string_view command) {
  const ResultGuard result = impl_->connection.exec(command);
  if (PQresultStatus(result.get()) != PGRES_COPY_BOTH) throw nonsense("START_REPLICATION did not start a stream");
  impl_->is_streaming = true;
}

std::optional<std::string_view> ReplicationConnection::receive(std::chrono::milliseconds timeout) {
  if (impl_->is_ended) return std::nullopt;
  if (impl_->connection.is_broken()) impl_->connection.throw_lost();
  const auto deadline = Clock::now() + timeout;
  for (;;) {
    char* frame = nullptr;
    const int bytes = PQgetCopyData(impl_->get(), &frame, 1);
    impl_->frame.reset(frame);
    if (bytes > 0) return std::string_view{frame, static_cast<std::size_t>(bytes)};
    if (bytes < 0) {
      impl_->finish_stream(Clock::now() + kLongestSend);
      return std::nullopt;
    }
    if (!impl_->connection.wait(deadline)) return std::nullopt;
    impl_->consume();
  }
}

bool ReplicationConnection::is_ended() const { return impl_->is_ended; }

void ReplicationConnection::send(std::string_view frame) {
  if (impl_->connection.is_broken()) impl_->connection.throw_lost();
  const auto deadline = Clock::now() + kLongestSend;
  for (;;) {
    const int state = PQputCopyData(impl_->get(), frame.data(), static_cast<int>(frame.size()));
    if (state < 0) impl_->connection.throw_lost();
    if (state > 0) break;
    impl_->flush(deadline);  // libpq's buffer is full
  }
  impl_->flush(deadline);
}

void ReplicationConnection::stop(std::chrono::milliseconds timeout) {
  if (!impl_->is_streaming || impl_->is_ended || impl_->connection.is_broken()) return;
  const auto deadline = Clock::now() + timeout;
  if (PQputCopyEnd(impl_->get(), nullptr) < 0) impl_->connection.throw_lost();
  impl_->flush(deadline);
  for (;;) {
    char* frame = nullptr;
    const int bytes = PQgetCopyData(impl_->get(), &frame, 1);
    const TextGuard ignored{frame};
    if (bytes < 0) {
      if (!impl_->finish_stream(deadline)) impl_->connection.drop();
      return;
    }
    if (bytes > 0 && Clock::now() < deadline) continue;
    if (bytes > 0 || !impl_->connection.wait(deadline)) break;
    impl_->consume();
  }
  impl_->is_ended = true;
  impl_->connection.drop();
}

int ReplicationConnection::server_version() const { return impl_->connection.version().number; }
int ReplicationConnection::backend_pid() const { return PQbackendPID(impl_->get()); }

}  // namespace pg
