#pragma once

#include <vector>

#include "core/ids.hpp"
#include "mapping/plan.hpp"

namespace validate {

/// Routes whose rows can only be decided together: one route, or several that refer to each other in a circle.
struct Stage {
  std::vector<core::RouteId> routes;
  /// Rows of it may refer to other rows of it, so that deciding one may change another.
  bool is_circular = false;
};

/// All routes of the plan in rounds: what a route refers to is in an earlier round, or in its own stage. The stages of one round have nothing
/// to do with each other.
[[nodiscard]] std::vector<std::vector<Stage>> rounds_of(const mapping::Plan& plan);

/// The routes, and every route that decides whether a row of these finds its parents.
[[nodiscard]] std::vector<core::RouteId> with_parents(const mapping::Plan& plan, std::vector<core::RouteId> routes);

/// The routes, and every other one that writes into a table of theirs: only together they explain its rows.
[[nodiscard]] std::vector<core::RouteId> with_writers(const mapping::Plan& plan,
                                                      const std::vector<core::RouteId>& routes);

/// The source tables whose rows these routes read, themselves or through a join.
[[nodiscard]] std::vector<core::TableId> tables_read(const mapping::Plan& plan,
                                                     const std::vector<core::RouteId>& routes);

}  // namespace validate
