#pragma once

#include <string>

#include "validate/outcome.hpp"

namespace validate {

/// What `agent validate` prints for people: the verdict, a line per route, examples of what is wrong, totals, broken rules, what was not checked.
[[nodiscard]] std::string to_text(const Outcome& outcome);

}  // namespace validate
