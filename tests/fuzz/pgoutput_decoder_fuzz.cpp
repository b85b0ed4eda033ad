// Feeds arbitrary bytes to everything that reads the stream. The first byte chooses: 0 a plain message, 1 one inside a block, 2 a
// CopyBoth frame, else a whole session of messages (each with a length of two bytes before it).

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.hpp"
#include "replication/assembler.hpp"
#include "replication/decoder.hpp"
#include "replication/memory_held_transactions.hpp"
#include "replication/server_frame.hpp"

namespace {

void read_session(std::string_view bytes) {
  replication::MemoryHeldTransactions held;
  replication::Assembler assembler{held, core::Lsn{0x100}, {3, 1000}};
  while (bytes.size() >= 2) {
    const std::size_t length =
        static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[0])) << 8U | static_cast<std::uint8_t>(bytes[1]);
    bytes.remove_prefix(2);
    const std::string_view payload = bytes.substr(0, length);
    bytes.remove_prefix(payload.size());
    assembler.feed(payload);
    while (assembler.next()) {
    }
  }
}

void read(std::uint8_t what, std::string_view bytes) {
  switch (what) {
    case 0: static_cast<void>(replication::decode(bytes, replication::Framing::Plain)); break;
    case 1: static_cast<void>(replication::decode(bytes, replication::Framing::InBlock)); break;
    case 2: static_cast<void>(replication::parse_server_frame(bytes)); break;
    default: read_session(bytes); break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    read(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  } catch (const core::Error& error) {
    // The only way in which bytes without sense may end.
    if (error.kind() != core::ErrorKind::Protocol) std::abort();
  }
  return 0;
}
