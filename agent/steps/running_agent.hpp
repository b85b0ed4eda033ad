#pragma once

#include "agent/steps/site.hpp"

namespace agent::steps {

/// Whether an agent runs on this state directory, also one that is just ending or that does not answer.
[[nodiscard]] bool is_agent_running(const Site& site);

/// Asks the running agent to end, again and again until none runs: it has nothing left to do, and holds the slot and the state directory until it ends.
/// Throws Error(State) when it does not within a time.
void end_running_agent(const Site& site);

}  // namespace agent::steps
