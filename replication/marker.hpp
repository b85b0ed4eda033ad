#pragma once

#include <string_view>

#include "core/lsn.hpp"
#include "pg/session.hpp"

namespace replication {

/// Prefix of every logical message that this program writes.
inline constexpr std::string_view kMarkerPrefix = "dispatch_sync";

/// A point in the source's order of commits that a barrier waits for.
struct Marker {
  /// The transactional message that was written.
  core::Lsn message_lsn;
  /// Everything committed before the call lies before this position. On servers that do not send messages (before 14) the
  /// barrier is reached when nothing is pending and decoding has got here.
  core::Lsn barrier_lsn;
  /// The message itself arrives in its transaction: the barrier is reached when that one is applied.
  bool arrives_in_stream = false;
};

/// Writes a transactional logical message with `content`, which also moves a quiet source (and its slot) on. Needs the primary:
/// throws Error(Source) on a standby. Precondition: the session is not inside a transaction block.
[[nodiscard]] Marker emit_marker(pg::Session& session, std::string_view content);

}  // namespace replication
