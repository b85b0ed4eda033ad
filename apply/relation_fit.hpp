#pragma once

#include <optional>
#include <string>

#include "core/relation.hpp"
#include "mapping/plan.hpp"

namespace apply {

/// What of a table is no longer as the mapping was compiled for.
struct SchemaMove {
  std::string column;  ///< empty when it is the table as a whole
  std::string change;  ///< for people: what it was and what it is
};

/// Whether rows of this shape can be taken for rows of the table without doubt: it is the same table under the same name, with every
/// column that the mapping reads, of the type and in the order of before, and its replica identity tells rows apart by the primary
/// key. What other columns do is of no interest. Nothing: they can.
[[nodiscard]] std::optional<SchemaMove> schema_move(const core::Relation& relation, const mapping::SourceTable& table);

}  // namespace apply
