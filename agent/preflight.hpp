#pragma once

#include <optional>
#include <vector>

#include "agent/config.hpp"
#include "agent/finding.hpp"
#include "core/error.hpp"

namespace agent {

/// What `agent check` found. When an end could not be reached, what needs it was left out.
struct Preflight {
  std::vector<Finding> findings;
  std::optional<core::Error> source_failure;  ///< why the source could not be reached; also among the findings
  std::optional<core::Error> target_failure;
};

/// Judges the mapping and both databases without changing anything. Throws Error(Mapping) when mapping.yaml cannot be parsed, and
/// Error(Config) when a URL cannot.
[[nodiscard]] Preflight run_preflight(const Config& config);

}  // namespace agent
