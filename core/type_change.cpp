#include "core/type_change.hpp"

namespace core {

namespace {

// From pg_type.dat: these never change.
constexpr Oid kTextType{25};
constexpr Oid kVarcharType{1043};
constexpr Oid kNumericType{1700};
constexpr Oid kVarbit{1562};
constexpr Oid kTime{1083};
constexpr Oid kTimetz{1266};
constexpr Oid kTimestamp{1114};
constexpr Oid kTimestamptz{1184};

constexpr std::int32_t kUnlimited = -1;
// A numeric's modifier is ((precision << 16) | scale) + this.
constexpr std::int32_t kHeader = 4;

bool is_wider_numeric(std::int32_t from, std::int32_t to) {
  if (to == kUnlimited) return true;
  if (from == kUnlimited) return false;
  const std::int32_t before = from - kHeader;
  const std::int32_t after = to - kHeader;
  return (before & 0xFFFF) == (after & 0xFFFF) && (after >> 16) >= (before >> 16);
}

}  // namespace

bool keeps_values(const ColumnType& from, const ColumnType& to) {
  if (from == to) return true;
  const bool is_text_to_text = (from.type == kVarcharType && to.type == kTextType) ||
                               (from.type == kTextType && to == ColumnType{kVarcharType, kUnlimited});
  if (is_text_to_text) return true;
  if (from.type != to.type) return false;
  if (to.type == kNumericType) return is_wider_numeric(from.modifier, to.modifier);
  const bool is_bounded = to.type == kVarcharType || to.type == kVarbit || to.type == kTime || to.type == kTimetz ||
                          to.type == kTimestamp || to.type == kTimestamptz;
  if (!is_bounded) return false;
  return to.modifier == kUnlimited || (from.modifier != kUnlimited && to.modifier >= from.modifier);
}

}  // namespace core
