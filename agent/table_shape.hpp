#pragma once

#include "mapping/plan.hpp"
#include "snapshot/table_shape.hpp"

namespace agent {

/// What the snapshot has to know of a table of the plan.
[[nodiscard]] snapshot::TableShape shape_of(const mapping::SourceTable& table);

}  // namespace agent
