#pragma once

#include <string>
#include <vector>

#include "mapping/plan.hpp"
#include "pg/session.hpp"
#include "validate/outcome.hpp"

namespace validate {

/// What one side says of a `reconcile:` entry.
struct ReconcileSide {
  std::vector<std::string> columns = {};
  ReconcileRows rows = {};
  std::string failure = {};  ///< why there are no rows; empty: these are all
};

/// Runs the query in a session that sees the validated moment. What the query itself cannot do is its failure; throws when the connection is lost.
/// Precondition: a transaction is open.
[[nodiscard]] ReconcileSide ask_side(pg::Session& session, const std::string& query);

/// The two sides beside each other, sorted, since a query without ORDER BY has no order.
[[nodiscard]] ReconcileOutcome reconcile(const std::string& name, ReconcileSide source, ReconcileSide target);

}  // namespace validate
