#pragma once

#include <optional>
#include <string>
#include <vector>

#include "validate/outcome.hpp"

namespace validate {

using ReconcileRow = std::vector<std::optional<std::string>>;

/// A line of either side of a `reconcile:` query beside that of the other side: an equal one, or one that begins with the same values (which
/// is how totals of one group stand beside each other), or none.
struct ReconcilePair {
  std::optional<ReconcileRow> source;
  std::optional<ReconcileRow> target;

  [[nodiscard]] bool is_equal() const { return source == target; }
};

/// Preconditions: both are sorted, as ReconcileOutcome has them. Lines stay in order; no line is paired twice.
[[nodiscard]] std::vector<ReconcilePair> pair_lines(const ReconcileRows& source, const ReconcileRows& target);

}  // namespace validate
