#pragma once

#include <string_view>
#include <variant>

#include "core/lsn.hpp"

namespace replication {

/// XLogData: one message of the output plugin. The positions in its header are deliberately not here: they are 0/0 for some
/// messages, go backwards between transactions, and are no cursor for anything.
struct DataFrame {
  std::string_view payload;  ///< valid as long as the frame
};

/// Keepalive: how far the server has got with decoding. That says nothing about what was applied.
struct KeepaliveFrame {
  core::Lsn wal_end;
  bool wants_reply = false;
};

using ServerFrame = std::variant<DataFrame, KeepaliveFrame>;

/// Parses a frame that came in CopyBoth mode. Throws Error(Protocol) on anything else.
[[nodiscard]] ServerFrame parse_server_frame(std::string_view frame);

}  // namespace replication
