#include "replication/byte_cursor.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace replication {

void ByteCursor::fail_short() const {
  throw core::Error{core::ErrorKind::Protocol, "a message of the stream ends too early"}
      .with("offset", fmt::to_string(at_ - begin_))
      .with("length", fmt::to_string(end_ - begin_));
}

void ByteCursor::fail_trailing() const {
  throw core::Error{core::ErrorKind::Protocol, "a message of the stream is longer than its content"}
      .with("offset", fmt::to_string(at_ - begin_))
      .with("length", fmt::to_string(end_ - begin_));
}

}  // namespace replication
