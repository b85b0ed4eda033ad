#pragma once

#include <string>
#include <vector>

#include "agent/census.hpp"
#include "core/ids.hpp"
#include "cutover/plan.hpp"
#include "mapping/plan.hpp"
#include "pg/session.hpp"

namespace agent {

/// Every route is one or the other.
struct ChangedRoutes {
  std::vector<core::RouteId> changed;
  std::vector<core::RouteId>
      vouched;  ///< nothing that decides about their rows was written, and the target has as many rows as before
};

/// Compares both databases with what they were at the census, without a look at what the sync did. A source table has changed when its number of rows is
/// another, or when a row or a partition of it was written by a transaction that the census did not see; a route, when one of the tables that it reads has, itself, through
/// joins, or through the routes that decide whether its parents are there, or when its target table has another number of rows. What was deleted and
/// inserted again has a new writer; what was deleted alone is missing in the number. Reads each table once.
[[nodiscard]] ChangedRoutes changed_routes(const mapping::Plan& plan, pg::Session& source, pg::Session& target,
                                           const Census& census);

/// What that would ask the source, for --dry-run.
[[nodiscard]] cutover::Plan change_questions(const mapping::Plan& plan, const Census& census);

/// The source tables of these routes, as `agent validate --table` takes them.
[[nodiscard]] std::vector<std::string> tables_of(const mapping::Plan& plan, const std::vector<core::RouteId>& routes);

}  // namespace agent
