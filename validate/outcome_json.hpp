#pragma once

#include <nlohmann/json_fwd.hpp>

#include "validate/outcome.hpp"

namespace validate {

/// What `agent validate --json` prints: a promise to scripts (docs/validation.md has the fields).
[[nodiscard]] nlohmann::json to_json(const Outcome& outcome);

}  // namespace validate
