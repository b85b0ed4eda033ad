#pragma once

#include <string>
#include <vector>

#include "core/ids.hpp"
#include "mapping/plan.hpp"

namespace agent {

/// The source tables that `--table` names, as `table` (of schema public) or `schema.table`. Throws Error(Usage) for one that the plan does not read.
[[nodiscard]] std::vector<core::TableId> tables_named(const mapping::Plan& plan, const std::vector<std::string>& names);

}  // namespace agent
