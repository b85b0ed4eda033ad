#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/property/random.hpp"

namespace tests {

/// A type of column that the random tables have, with a source of its values, the odd ones among them.
struct ValueType {
  std::string source_type;
  std::string target_type;
  std::string
      cast;  ///< what the mapping appends to the column's name: nothing, or `::text` for types that only the source has
  bool is_large = false;                           ///< values may be large enough to be stored out of line
  std::string (*value)(Random& random) = nullptr;  ///< SQL of a random value, never NULL
};

[[nodiscard]] const std::vector<ValueType>& value_types();
/// What value_types() need in schema `legacy` of the source.
[[nodiscard]] std::string_view value_types_sql();

/// `'it''s'`.
[[nodiscard]] std::string sql_literal(std::string_view text);
/// SQL of a random text: empty, quotes, backslashes, separators, letters of many alphabets.
[[nodiscard]] std::string random_text(Random& random);

}  // namespace tests
