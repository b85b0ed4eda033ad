#pragma once

#include <cstdint>
#include <string_view>

#include "replication/message.hpp"

namespace replication {

/// Where a message stands: between Stream Start and Stream Stop it carries a transaction number after its type byte.
enum class Framing : std::uint8_t { Plain, InBlock };

/// Decodes one message of pgoutput, protocol version 1 or 2. Knows every message type and reads each to its last byte; anything
/// else throws Error(Protocol): a truncated or overlong message, an unknown type, a value or flag that the protocol does not
/// define, binary values (never asked for). Allocates no more than a small multiple of the payload.
[[nodiscard]] Message decode(std::string_view payload, Framing framing);

/// Type byte of a message. Throws Error(Protocol) when the payload is empty.
[[nodiscard]] char message_type(std::string_view payload);

/// The (sub)transaction that made a message of a stream block. Precondition: the type is one that carries it (R Y I U D T M).
[[nodiscard]] std::uint32_t block_xid(std::string_view payload);

}  // namespace replication
