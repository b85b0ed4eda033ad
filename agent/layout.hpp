#pragma once

#include "mapping/plan.hpp"
#include "state/layout.hpp"

namespace agent {

/// What the state store has to know of a compiled plan, in the store's own words.
[[nodiscard]] state::Layout layout_of(const mapping::Plan& plan);

}  // namespace agent
