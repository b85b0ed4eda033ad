#pragma once

#include <libpq-fe.h>

#include <cstdint>

#include "core/error.hpp"
#include "pg/connection_params.hpp"

namespace pg {

// Internal to pg/. A statement may take as long as it likes, and TCP notices a peer that has vanished; but a pooler or a proxy that
// hangs, or a reply that was lost on the way, look like a long statement for ever.

/// What shows, during one wait for an answer, that it is not waited for in vain: the server is at work, or what was sent is still on its
/// way to it. A slow link takes minutes for a few megabytes, and the server waits for its client all the while.
class SignsOfLife {
 public:
  /// Both must outlive this; nothing is sent on `connection` from now on.
  SignsOfLife(const ConnectionParams& params, const PGconn* connection);

  /// Whether there was one since the last look, an answer included. Asks over a second connection when the network shows none: true, too, when the server answers
  /// but will not say; false when it waits for this side and gets nothing, when there is no such process, or when nobody answers.
  [[nodiscard]] bool look();

 private:
  [[nodiscard]] bool has_sent_on();
  [[nodiscard]] bool is_said_to_work();

  const ConnectionParams& params_;
  const PGconn* connection_;
  int unsent_;                     // bytes that the peer's machine has not taken yet
  std::int64_t copied_bytes_ = 0;  // of a COPY, as far as the server has got
};

/// Error(Source) or Error(Target), transient: the connection brings nothing although something is due.
[[nodiscard]] core::Error silent_peer(const ConnectionParams& params);

}  // namespace pg
