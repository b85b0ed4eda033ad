#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "core/relation.hpp"
#include "cutover/dependent.hpp"
#include "cutover/patient_transaction.hpp"
#include "cutover/plan.hpp"
#include "mapping/plan.hpp"
#include "pg/session.hpp"

namespace cutover {

/// What a cleanup is to do.
struct CleanupOrder {
  std::string ledger_schema;
  std::string actor;  ///< for audit_log
  std::vector<GoingColumns> going;
  std::vector<std::string> also_drop;  ///< dependents that may go, by the names that find_dependents() gives them
};

/// What the target says to it.
struct CleanupView {
  std::vector<GoingColumns> going;    ///< those of the columns that are still there; none: there is nothing left to do
  std::vector<Dependent> dependents;  ///< the deepest first
  std::vector<std::string> mentions;  ///< functions that name a column in their text
  [[nodiscard]] bool is_done() const { return going.empty(); }
};

/// Looks, and changes nothing. Throws Error(Refused) when a column cannot be dropped so that it can be brought back (no primary key, part of
/// one, inherited), or when something hangs on the columns that is not to go with them: each is named.
[[nodiscard]] CleanupView inspect_cleanup(pg::Session& target, const CleanupOrder& order);

/// What clean_up() would run.
[[nodiscard]] Plan cleanup_plan(pg::Session& target, const CleanupOrder& order);

/// What was done to one table.
struct CleanedTable {
  core::QualifiedName table;
  std::vector<std::string> columns;
  std::int64_t rows = 0;
  std::string archive;  ///< quoted
};

/// Drops the columns, table by table: each in one transaction with its archive, the statements that take it back (schema_changes), and a
/// comparison of everything else in the table before and after. What hangs on them goes first, in a transaction of its own. What was committed is
/// not done again, so that a run that was cut off is just repeated. Never touches the source. Throws as inspect_cleanup() does, and
/// Error(Target) when locks are not to be had.
[[nodiscard]] std::vector<CleanedTable> clean_up(pg::Session& target, const CleanupOrder& order,
                                                 const Patience& patience, const std::stop_token& stop);

}  // namespace cutover
