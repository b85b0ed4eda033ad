#pragma once

#include "mapping/finding.hpp"
#include "mapping/plan.hpp"

namespace mapping {

/// Warns of routes whose references lead in a circle and all park: rows of the source that refer to each other along it would wait for each
/// other for ever. Once per circle, at its first route in mapping.yaml.
void warn_of_waiting_circles(const Plan& plan, Findings& findings);

}  // namespace mapping
