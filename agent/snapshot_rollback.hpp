#pragma once

#include <stop_token>

#include "agent/config.hpp"
#include "agent/options.hpp"

namespace agent {

/// `agent rollback snapshot`: what the agent wrote leaves the target, then ledger, slot, publication and state directory forget the copy. Returns the
/// exit code; prints to stdout. Throws core::Error: Refused while an agent runs, while a cutover stands, and while rows that stay refer to rows that go.
[[nodiscard]] int roll_back_snapshot(const Config& config, const Options& options, const std::stop_token& stop);

}  // namespace agent
