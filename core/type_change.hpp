#pragma once

#include <cstdint>

#include "core/relation.hpp"

namespace core {

/// A column's type as the stream and the catalogs carry it.
struct ColumnType {
  Oid type;
  std::int32_t modifier = -1;
  friend bool operator==(const ColumnType&, const ColumnType&) = default;
};

/// Whether ALTER COLUMN TYPE from one to the other leaves the text form of every stored value as it is, and what a column of
/// the new type may hold can be read as the old one: wider varchar and numeric, text for varchar, finer times. Everything else
/// counts as a change of the values: the server rewrites such a table, and no row event tells.
[[nodiscard]] bool keeps_values(const ColumnType& from, const ColumnType& to);

}  // namespace core
