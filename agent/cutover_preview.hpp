#pragma once

#include <string>
#include <vector>

#include "agent/steps/sequence.hpp"

namespace agent {

/// `agent cutover --dry-run`: prints every step with its SQL and locks, and what keeps the cutover from beginning. Changes nothing.
void preview_cutover(steps::Sequence& sequence, const std::vector<std::string>& obstacles, bool as_json);

}  // namespace agent
