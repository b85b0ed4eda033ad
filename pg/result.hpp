#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/relation.hpp"

namespace pg {

struct ResultColumn {
  std::string name;
  core::Oid type;
  std::int32_t type_modifier = -1;
};

/// The rows of one statement, in text form. Movable value; views into it live as long as it does.
class Result {
 public:
  struct Impl;
  explicit Result(std::shared_ptr<const Impl> impl);

  /// `row` and `column` below count from 0; out of range throws Error(Bug).
  [[nodiscard]] std::size_t rows() const;
  [[nodiscard]] std::size_t columns() const;
  /// The value, or nothing for NULL.
  [[nodiscard]] std::optional<std::string_view> get(std::size_t row, std::size_t column) const;
  /// The value as text; empty for NULL.
  [[nodiscard]] std::string text(std::size_t row, std::size_t column) const;
  [[nodiscard]] bool is_true(std::size_t row, std::size_t column) const;          ///< boolean column is 't'
  [[nodiscard]] std::int64_t integer(std::size_t row, std::size_t column) const;  ///< throws Error(Bug) when it is none
  [[nodiscard]] std::uint64_t affected_rows() const;
  /// What the server says it did: `INSERT 0 3`, `COMMIT`.
  [[nodiscard]] std::string command_tag() const;
  [[nodiscard]] std::vector<ResultColumn> describe() const;

 private:
  std::shared_ptr<const Impl> impl_;
};

}  // namespace pg
