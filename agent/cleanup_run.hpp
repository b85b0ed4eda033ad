#pragma once

#include "agent/config.hpp"
#include "agent/options.hpp"

namespace agent {

/// `agent cleanup`: needs the target alone. Returns the exit code.
[[nodiscard]] int clean_up(const Config& config, const Options& options);

/// `agent rollback cleanup`: the same. Found (1) when something could not come back.
[[nodiscard]] int roll_back_cleanup(const Config& config, const Options& options);

}  // namespace agent
