#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "pg/connecting.hpp"
#include "pg/connection_params.hpp"
#include "pg/result_guard.hpp"
#include "pg/server_version.hpp"

namespace pg {

/// Internal to pg/: an open connection with its settings pinned and verified; Session and ReplicationConnection are made of it.
/// Not thread-safe, except for cancel().
class Connection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// Connects and pins, or throws as Session's constructor does.
  Connection(const ConnectionParams& params, std::string_view purpose, ConnectionUse use);

  [[nodiscard]] PGconn* get() const { return connection_.get(); }
  [[nodiscard]] const ConnectionParams& params() const { return params_; }
  [[nodiscard]] ServerVersion version() const { return {PQserverVersion(connection_.get())}; }
  [[nodiscard]] bool is_broken() const { return PQstatus(connection_.get()) == CONNECTION_BAD; }

  /// A simple query; throws on any error.
  ResultGuard exec(std::string_view sql);
  /// After PQsend…: reads all results of the statement. Returns the last one, or the one that starts a COPY; the first error throws.
  /// `is_sent` is what PQsend… returned.
  ResultGuard collect(int is_sent);
  /// Throws unless the connection can take a statement; ends a COPY that was left in the middle.
  void ready();
  /// Waits until the server has sent something (or may take more, with `wants_write`). False when the deadline came first.
  [[nodiscard]] bool wait(Deadline deadline, bool wants_write = false) const;
  /// The same as long as the server is at work. A peer that is gone is noticed by TCP (keepalives, tcp_user_timeout); one that is
  /// silent for that long is asked over another connection what it does; a stop that runs out of time ends the wait as well, both by
  /// an error and the end of this connection. Takes in what has come; false when the connection broke.
  bool await(bool wants_write = false);
  /// Sends what libpq holds back. What is wrong shows in the next result.
  void flush();
  /// Closes the connection: everything throws from now on.
  void drop() { connection_.reset(); }
  void cancel() const noexcept;
  [[noreturn]] void throw_lost() const;

 private:
  void pin(ConnectionUse use);
  [[nodiscard]] bool is_unencoded() const;
  /// PQgetResult, with await() in place of libpq's own waiting.
  ResultGuard next_result();

  ConnectionParams params_;
  ConnectionGuard connection_;
  CancelGuard cancel_;
  std::chrono::seconds silence_limit_;
  bool is_pid_known_ = false;  // not so behind some poolers
};

}  // namespace pg
