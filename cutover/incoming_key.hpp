#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/relation.hpp"
#include "pg/session.hpp"

namespace cutover {

/// A foreign key that leads to a table.
struct IncomingKey {
  /// Of a key of one column.
  struct Column {
    std::string name;
    std::string type;
    bool is_nullable = false;
    std::string referred;  ///< the column that it refers to
  };

  std::string constraint;
  core::QualifiedName from;      ///< the table that has it
  std::string condition;         ///< how a row `c` of `from` finds the row `p` that it refers to, in SQL
  std::optional<Column> column;  ///< none: it has several
};

/// All that lead to `table`, by the names of their tables. Those of partitions are told once, as their parent's.
[[nodiscard]] std::vector<IncomingKey> incoming_keys(pg::Session& session, const core::QualifiedName& table);

}  // namespace cutover
