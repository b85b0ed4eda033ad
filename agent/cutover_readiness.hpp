#pragma once

#include <string>
#include <vector>

#include "agent/environment.hpp"
#include "pg/session.hpp"

namespace agent {

/// What keeps a cutover from beginning, each with what to do about it; none: it may begin. Changes nothing. Throws what keeps it from looking.
[[nodiscard]] std::vector<std::string> cutover_obstacles(const Config& config, const Environment& environment,
                                                         pg::Session& source, pg::Session& target);

}  // namespace agent
