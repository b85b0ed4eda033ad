#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.hpp"
#include "core/row_key.hpp"

namespace state {

/// A source row, wherever it is stored.
struct RowName {
  core::TableId table;
  core::RowKey key;
  friend bool operator==(const RowName&, const RowName&) = default;
};

/// Rows of other places that a piece of work is about to change on the target: named before the target commits, forgotten once local
/// state has followed. What is still named after a crash may be on the target without local state knowing, and is derived again.
///
///   value := count:u32  (table:u16 key:text) × count
[[nodiscard]] std::string encode_reached(std::span<const RowName> rows);
/// Throws Error(State) when the bytes are no such record.
[[nodiscard]] std::vector<RowName> decode_reached(std::string_view bytes);

}  // namespace state
