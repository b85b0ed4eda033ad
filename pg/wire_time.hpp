#pragma once

#include <chrono>
#include <cstdint>

#include "core/transaction.hpp"

namespace pg {

/// PostgreSQL counts time on the wire in microseconds since 2000-01-01 00:00 UTC; this is that moment.
inline constexpr core::Timestamp kWireEpoch{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}};

[[nodiscard]] constexpr core::Timestamp from_wire_time(std::int64_t microseconds) {
  return kWireEpoch + std::chrono::microseconds{microseconds};
}

[[nodiscard]] constexpr std::int64_t to_wire_time(core::Timestamp time) { return (time - kWireEpoch).count(); }

}  // namespace pg
