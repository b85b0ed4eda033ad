#pragma once

#include <chrono>
#include <optional>
#include <stop_token>

#include "agent/config.hpp"
#include "agent/environment.hpp"
#include "agent/options.hpp"
#include "core/lsn.hpp"
#include "validate/finding_log.hpp"
#include "validate/outcome.hpp"

namespace agent {

/// `agent validate`: finds a moment of both databases, derives everything afresh from the source's side of it, and compares it with the target's. What it
/// found is left in the state directory for `agent repair`, unless it was interrupted. Snapshots that are lost on the way (a server that was restarted) are
/// taken anew, and everything with them. Stopped, the outcome tells what was not checked. `fenced`: as for find_moment(). Throws what keeps it from comparing anything.
[[nodiscard]] validate::Outcome run_validation(const Config& config, const Options::Validate& options, bool is_quiet,
                                               const std::stop_token& stop,
                                               const std::optional<std::chrono::milliseconds>& fenced = {});

/// What the findings of a validation at `lsn` are of: these two databases, under this mapping.
[[nodiscard]] validate::FindingOrigin finding_origin(const Environment& environment, core::Lsn lsn);

}  // namespace agent
