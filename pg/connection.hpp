#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "pg/connection_params.hpp"
#include "pg/result_guard.hpp"
#include "pg/server_version.hpp"

namespace pg {

/// What a connection speaks: ordinary SQL, or the commands of a walsender for one database.
enum class ConnectionUse : std::uint8_t { Sql, Replication };

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
  /// Closes the connection: everything throws from now on.
  void drop() { connection_.reset(); }
  void cancel() const noexcept;
  [[noreturn]] void throw_lost() const;

 private:
  void pin(ConnectionUse use);

  ConnectionParams params_;
  ConnectionGuard connection_;
  CancelGuard cancel_;
};

}  // namespace pg
