#pragma once

#include <cstdint>
#include <string_view>

namespace core {

/// What became of one source row on one route. Every key of every route has exactly one; the counters are these, counted.
enum class RowStatus : std::uint8_t {
  None = 0,         ///< not derived yet: the row is in a joined table, or the snapshot has not come to it
  Applied = 1,      ///< in the target
  Filtered = 2,     ///< kept out on purpose: `where`, `missing: filter`, or a merged duplicate
  Parked = 3,       ///< waits for a parent that is not in the target
  Quarantined = 4,  ///< the target refused it; in the ledger with reason and remedy
};

[[nodiscard]] constexpr std::string_view to_string(RowStatus status) {
  switch (status) {
    case RowStatus::None: return "none";
    case RowStatus::Applied: return "applied";
    case RowStatus::Filtered: return "filtered";
    case RowStatus::Parked: return "parked";
    case RowStatus::Quarantined: return "quarantined";
  }
  return "unknown";
}

/// The balance of one route: read = applied + filtered + parked + quarantined, at every moment.
struct RouteCounters {
  std::int64_t read = 0;
  std::int64_t applied = 0;
  std::int64_t filtered = 0;
  std::int64_t parked = 0;
  std::int64_t quarantined = 0;

  [[nodiscard]] constexpr bool is_balanced() const { return read == applied + filtered + parked + quarantined; }
  friend constexpr bool operator==(const RouteCounters&, const RouteCounters&) = default;
};

}  // namespace core
