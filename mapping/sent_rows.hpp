#pragma once

#include <span>

#include <cstddef>
#include <string>
#include <vector>

#include "core/lookup.hpp"
#include "core/value.hpp"
#include "mapping/derive.hpp"
#include "mapping/plan.hpp"

namespace mapping {

/// A value that a statement is sent, owned where it had to be composed (array literals, UUIDs).
struct SentValue {
  core::Value value;
  std::string owned;  ///< when not empty, `value` is ignored
  [[nodiscard]] core::Value get() const { return owned.empty() ? value : core::Value::of(owned); }
};

/// Rows as a RowStatement takes them: `width` values each, row after row.
struct SentRows {
  std::size_t width = 0;
  std::vector<SentValue> values;
  [[nodiscard]] std::size_t rows() const { return width == 0 ? 0 : values.size() / width; }
  /// The same column by column, which is how arrays take them. Views into this.
  [[nodiscard]] std::vector<std::vector<core::Value>> columns() const;
};

/// The values that `statement` wants of these rows, in its order. Views point into the derivations: keep them alive.
[[nodiscard]] SentRows sent_rows(const Route& route, const RowStatement& statement,
                                 std::span<const Derivation* const> rows, core::Lookup& lookup);

/// `{…}`: the values of one column of a many-join's rows, as an array literal of its type.
[[nodiscard]] std::string joined_array(std::span<const core::Row> rows, std::uint16_t column);

}  // namespace mapping
