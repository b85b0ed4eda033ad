#pragma once

#include <optional>
#include <set>
#include <vector>

#include "agent/config.hpp"
#include "agent/finding.hpp"
#include "apply/ledger.hpp"
#include "core/catalog.hpp"
#include "core/relation.hpp"
#include "pg/session.hpp"

namespace agent {

/// What the source is judged by.
struct SourceView {
  pg::Session& session;
  const Config& config;
  const core::Catalog& catalog;
  const std::set<core::QualifiedName>& tables;         ///< that the mapping reads and that exist
  const std::optional<apply::Checkpoint>& checkpoint;  ///< of this slot on the target, if it could be looked for
  bool is_checkpoint_known = false;                    ///< the target answered: without a checkpoint it has none
  bool has_running_agent = false;  ///< one answers on the control socket: then the slot is rightly in use
};

/// Everything about the source that would keep the agent from working, or endanger what it does: settings, free slots and
/// walsenders, rights, row-level security, publication, replica identities, the slot. Changes nothing. Throws Error(Source) only when
/// the connection itself fails.
[[nodiscard]] std::vector<Finding> inspect_source(const SourceView& view);

}  // namespace agent
