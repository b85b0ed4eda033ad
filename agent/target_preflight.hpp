#pragma once

#include <set>
#include <string>
#include <vector>

#include "agent/config.hpp"
#include "agent/finding.hpp"
#include "core/catalog.hpp"
#include "core/relation.hpp"
#include "pg/session.hpp"

namespace agent {

/// What the target is judged by.
struct TargetView {
  pg::Session& session;
  const Config& config;
  const core::Catalog& catalog;
  const std::set<core::QualifiedName>& tables;  ///< that the mapping writes and that exist
  std::vector<std::string> keep_disabled;       ///< triggers that a cutover leaves off: `orders.notify`
};

/// Everything about the target that would keep the agent from writing, or change what it writes: rights, the ledger's schema,
/// row-level security, triggers, session_replication_role. Changes nothing (one setting is tried in a transaction that is rolled
/// back). Throws Error(Target) only when the connection itself fails.
[[nodiscard]] std::vector<Finding> inspect_target(const TargetView& view);

/// About deferrable PRIMARY KEY, UNIQUE and EXCLUDE constraints of `tables` (that the mapping writes): an error for each where the role may set
/// session_replication_role, since the server does not check them at all then; else a warning for those that wait for COMMIT. Throws
/// Error(Target) only when the connection itself fails.
[[nodiscard]] std::vector<Finding> judge_deferrable_constraints(pg::Session& session,
                                                                const std::set<core::QualifiedName>& tables);

}  // namespace agent
