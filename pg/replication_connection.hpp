#pragma once

#include <chrono>
#include <cstdint>
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
  /// START_REPLICATION …; afterwards only receive, send and stop.
  void start(std::string_view command);
  /// The next frame's payload, waiting at most `timeout`; nothing on timeout. `is_ended()` is true afterwards when the server ended the stream
  /// in order; errors throw Error(Source) with SQLSTATE, transient where a reconnect may help. The view is valid until the next call.
  [[nodiscard]] std::optional<std::string_view> receive(std::chrono::milliseconds timeout);
  [[nodiscard]] bool is_ended() const;
  /// Sends a frame. Never blocks for long; throws Error(Source), transient.
  void send(std::string_view frame);
  /// CopyDone, then reads until the server is done. Bounded by `timeout`.
  void stop(std::chrono::milliseconds timeout);
  [[nodiscard]] int server_version() const;
  [[nodiscard]] int backend_pid() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pg
