#pragma once

#include <memory>
#include <stop_token>

#include "agent/config.hpp"
#include "agent/options.hpp"
#include "core/stop_deadline.hpp"

namespace agent {

/// `agent cutover`: the switch, step by step, each written down before and after, so that the same command goes on after a crash. Whatever fails
/// before the point of no return takes the fence down again. Returns the exit code; prints to stdout. Throws core::Error.
[[nodiscard]] int run_cutover(const Config& config, const Options& options, const std::stop_token& stop);

/// Whether the switch is over, so that there is nothing left to copy or to stream: said in the log then, and to stdout for `as_json`. Needs the target
/// alone. A stop ends the connecting. Throws core::Error: Refused while a rollback of it has not come to its end.
[[nodiscard]] bool is_switched(const Config& config, bool as_json, std::shared_ptr<const core::StopDeadline> stop);

/// Throws Error(Refused) when the switch is past the point of no return: the target's rows belong to the new application then. Needs the target alone.
void require_not_switched(const Config& config);

}  // namespace agent
