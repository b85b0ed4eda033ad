#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "agent/config.hpp"
#include "agent/options.hpp"

namespace agent {

/// `agent cutover`: the switch, step by step, each written down before and after, so that the same command goes on after a crash. Whatever fails
/// before the point of no return takes the fence down again. Returns the exit code; prints to stdout. Throws core::Error.
[[nodiscard]] int run_cutover(const Config& config, const Options& options, const std::stop_token& stop);

/// What `agent run` and `agent sync` have to say when the switch is over, so that there is nothing to do for them; nothing while it is not.
[[nodiscard]] std::optional<std::string> cutover_is_over(const Config& config);

}  // namespace agent
