#pragma once

#include <string>
#include <vector>

#include "core/relation.hpp"
#include "pg/session.hpp"

namespace cutover {

/// A sequence that a column takes its next value from: serial, identity, or a default of its own.
struct Sequence {
  core::QualifiedName table;
  std::string column;
  std::string name;  ///< quoted
  /// Moves it to the column's furthest value, and returns where it is then; no row when it is beyond already. Never sets it back. One that counts down
  /// goes by the lowest value.
  std::string advance_sql;
  std::string last;        ///< the value after which it has no other
  bool is_cyclic = false;  ///< then it begins anew instead
};

struct Sequences {
  std::vector<Sequence> found;
  /// Columns whose default calls a sequence in a way that does not tell what it counts: `public.orders.number`.
  std::vector<std::string> unclear;
};

/// Throws as Session::exec does.
[[nodiscard]] Sequences find_sequences(pg::Session& target, const core::QualifiedName& table);

}  // namespace cutover
