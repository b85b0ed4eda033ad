#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/relation.hpp"
#include "core/row_key.hpp"

namespace snapshot {

/// What the snapshot has to know of a source table: which columns to read, and how its primary key orders.
struct TableShape {
  core::TableId table;
  core::QualifiedName name;
  std::vector<std::string> columns;      ///< to be read, in this order; the primary key's first
  std::vector<core::KeyType> key_types;  ///< of the primary key
  std::vector<bool>
      key_is_text;  ///< key column has a collation: compared by COLLATE "C", whose order is that of the bytes
  /// False when some key column's text form does not sort as the server does (a date, a numeric): such a table is one chunk.
  bool key_sorts_as_bytes = true;
};

}  // namespace snapshot
