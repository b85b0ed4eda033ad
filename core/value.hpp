#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace core {

/// A column value on its way: absent is not NULL.
enum class ValueKind : std::uint8_t {
  Null,       ///< SQL NULL
  Unchanged,  ///< a TOASTed value that an UPDATE did not touch: its bytes were not sent, the old value stays
  Text,       ///< present, in PostgreSQL's text form under pinned session settings
};

/// A value inside somebody else's buffer (a Row, a network frame). Valid while that buffer is.
struct Value {
  ValueKind kind = ValueKind::Null;
  std::string_view text;

  [[nodiscard]] static constexpr Value null() { return {}; }
  [[nodiscard]] static constexpr Value unchanged() { return {ValueKind::Unchanged, {}}; }
  [[nodiscard]] static constexpr Value of(std::string_view text) { return {ValueKind::Text, text}; }

  [[nodiscard]] constexpr bool is_null() const { return kind == ValueKind::Null; }
  [[nodiscard]] constexpr bool is_unchanged() const { return kind == ValueKind::Unchanged; }
  [[nodiscard]] constexpr bool is_text() const { return kind == ValueKind::Text; }

  friend constexpr bool operator==(const Value&, const Value&) = default;
};

/// Views of these texts, which must outlive them.
[[nodiscard]] std::vector<Value> text_values(std::span<const std::string> texts);

}  // namespace core
