#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/value.hpp"

namespace core {

/// The values of one row in one contiguous buffer, which is also how a row is stored:
///
///   row   := count:u16le  end:u32le × count  text bytes
///   end   := offset past the value's last byte, relative to the first text byte, in the low 30 bits;
///            bit 31: NULL, bit 30: unchanged (such a value has no bytes)
///
/// Values are reached in constant time; a row is copied and moved as one string. At most 65,535 columns and 1 GiB.
class Row {
 public:
  Row() = default;
  /// Takes over a buffer written by a Row. Throws Error(State) when it is not well-formed.
  [[nodiscard]] static Row from_bytes(std::string bytes);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  /// Precondition: column < size().
  [[nodiscard]] Value operator[](std::size_t column) const;
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] bool has_unchanged() const;

  friend bool operator==(const Row&, const Row&) = default;

 private:
  friend class RowBuilder;
  std::string bytes_;
};

/// Builds a row of a known number of columns, left to right.
class RowBuilder {
 public:
  explicit RowBuilder(std::size_t columns, std::size_t expected_text_bytes = 0);
  void add(Value value);
  void add_null() { add(Value::null()); }
  void add_text(std::string_view text) { add(Value::of(text)); }
  /// Precondition: exactly the announced number of values was added.
  [[nodiscard]] Row finish() &&;

 private:
  Row row_;
  std::size_t columns_;
  std::size_t next_ = 0;
};

/// A row of these values.
[[nodiscard]] Row make_row(std::span<const Value> values);
/// `row` with its unchanged values taken from `old` (same columns). Values that are unchanged in both stay unchanged.
[[nodiscard]] Row fill_unchanged(const Row& row, const Row& old);

}  // namespace core
