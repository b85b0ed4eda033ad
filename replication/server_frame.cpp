#include "replication/server_frame.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "replication/byte_cursor.hpp"

namespace replication {

ServerFrame parse_server_frame(std::string_view frame) {
  ByteCursor cursor{frame};
  const std::uint8_t type = cursor.read_u8();
  switch (type) {
    case 'w': {
      constexpr std::size_t kHeader = 3 * sizeof(std::uint64_t);
      static_cast<void>(cursor.read_bytes(kHeader));
      return DataFrame{cursor.read_bytes(cursor.remaining())};
    }
    case 'k': {
      KeepaliveFrame keepalive;
      keepalive.wal_end = core::Lsn{cursor.read_u64()};
      static_cast<void>(cursor.read_u64());
      const std::uint8_t reply = cursor.read_u8();
      cursor.require_end();
      if (reply > 1) {
        throw core::Error{core::ErrorKind::Protocol, "a keepalive has a reply flag that is neither 0 nor 1"};
      }
      keepalive.wants_reply = reply == 1;
      return keepalive;
    }
    default:
      throw core::Error{core::ErrorKind::Protocol, "the source sent a frame of an unknown type"}.with(
          "type", fmt::format("0x{:02x}", type));
  }
}

}  // namespace replication
