#pragma once

#include <string>
#include <vector>

#include "agent/commands/quarantine.hpp"
#include "agent/environment.hpp"
#include "apply/applier.hpp"
#include "apply/ledger.hpp"

namespace agent {

/// Derives quarantined rows again, removes what could not be removed, and commits, page by page: those of `route` (empty: all routes) with
/// these legacy keys (none: all). What the target still refuses stays, with one more attempt. Precondition: the applier has nothing open.
/// Throws Error(Usage) for an unknown route; Error(Target) as applying does: then what was done stays done, and the rest may be retried.
[[nodiscard]] commands::quarantine::RetryResult retry_quarantined(const Environment& environment,
                                                                  const apply::Ledger& ledger, apply::Applier& applier,
                                                                  const std::string& route,
                                                                  const std::vector<std::string>& keys);

/// After a complete snapshot: closes the ledger's lines of rows that are not quarantined (any more), whatever local state knew of them
/// before. Returns how many.
std::size_t resolve_settled(const Environment& environment, const apply::Ledger& ledger, const state::Store& store);

}  // namespace agent
