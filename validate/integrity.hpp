#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/ids.hpp"
#include "mapping/plan.hpp"
#include "validate/outcome.hpp"
#include "validate/target_reader.hpp"

namespace validate {

/// One rule of the target that nothing enforced while rows were written (foreign keys rest under session_replication_role, and may never have been
/// validated), or that is the agent's own: one legacy key, one UUID.
struct IntegrityCheck {
  IntegrityOutcome about;
  std::string count;     ///< SQL: how many rows break it
  std::string examples;  ///< SQL: keys of some of them
};

/// Every rule of the tables that the routes write. Reads the target's catalog.
[[nodiscard]] std::vector<IntegrityCheck> integrity_checks(const mapping::Plan& plan,
                                                           std::span<const core::RouteId> routes,
                                                           const std::string& ledger_schema, TargetReader& target);

/// Looks whether it holds at the validated moment.
[[nodiscard]] IntegrityOutcome check(const IntegrityCheck& rule, TargetReader& target);

}  // namespace validate
