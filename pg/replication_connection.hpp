#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/lsn.hpp"
#include "pg/catalog.hpp"
#include "pg/connection_params.hpp"
#include "pg/result.hpp"

namespace pg {

/// A walsender connection (`replication=database`): simple queries and, once streaming, CopyBoth frames. A type of its own because it
/// has other powers than a Session. Not thread-safe.
class ReplicationConnection {
 public:
  ReplicationConnection(const ConnectionParams& params, std::string_view purpose);
  ~ReplicationConnection();
  ReplicationConnection(ReplicationConnection&&) noexcept;
  ReplicationConnection& operator=(ReplicationConnection&&) noexcept;

  [[nodiscard]] ServerIdentity identify_system();
  /// A simple query: replication commands, or plain SQL.
  Result exec(std::string_view command);
  /// The same for a command that may wait on the server: calls `tick` about once a second meanwhile, and once before it gives up: after `most` it cancels and
  /// returns nothing. What `tick` throws cancels it as well.
  std::optional<Result> exec_at_most(std::string_view command, std::chrono::milliseconds most,
                                     const std::function<void()>& tick);
  /// START_REPLICATION …; afterwards only receive, send and stop.
  void start(std::string_view command);
  /// The next frame's payload, waiting at most `timeout`; nothing on timeout. `is_ended()` is true afterwards when the server ended the stream
  /// in order; errors throw Error(Source) with SQLSTATE, transient where a reconnect may help. The view is valid until the next call.
  [[nodiscard]] std::optional<std::string_view> receive(std::chrono::milliseconds timeout);
  [[nodiscard]] bool is_ended() const;
  /// Sends a frame. Never blocks longer than 10 s; throws Error(Source), transient.
  void send(std::string_view frame);
  /// CopyDone, then reads until the server is done. When `timeout` passes first, the connection is dropped without an error: the server
  /// notices by itself. Throws Error(Source) when the server ends with an error.
  void stop(std::chrono::milliseconds timeout);
  [[nodiscard]] int server_version() const;
  [[nodiscard]] int backend_pid() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pg
