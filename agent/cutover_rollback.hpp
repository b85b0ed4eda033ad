#pragma once

#include <stop_token>

#include "agent/config.hpp"
#include "agent/options.hpp"

namespace agent {

/// `agent rollback cutover`: the source takes writes again after a cutover that is done or past the point of no return. What was written to it from then on nobody streams, so that the
/// next start compares every row anew. Returns the exit code; prints to stdout. Throws core::Error.
[[nodiscard]] int roll_back_cutover(const Config& config, const Options& options, const std::stop_token& stop);

}  // namespace agent
