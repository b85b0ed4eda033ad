#pragma once

#include <vector>

#include "agent/finding.hpp"
#include "mapping/mapping_file.hpp"
#include "mapping/plan.hpp"
#include "pg/session.hpp"

namespace agent {

/// Lets the target prepare (never run) every expression of the mapping with the types that it would get, and its assignment to the
/// target column: unknown names, type misfits, missing functions, and functions that do not give one value for each row
/// (set-returning ones, aggregates, window functions). Findings point into mapping.yaml; those about a
/// right that the role lacks are about the target. Throws Error(Target) when the connection broke, or for what goes away by itself. Precondition: `plan` was compiled
/// from `file` without errors.
[[nodiscard]] std::vector<Finding> judge_expressions(const mapping::MappingFile& file, const mapping::Plan& plan,
                                                     pg::Session& target);

/// Functions that the mapping calls and of which the target knows volatile versions only: their value depends on when or how often
/// they are called, so that the target would not be a function of the source.
[[nodiscard]] std::vector<Finding> judge_functions(const mapping::MappingFile& file, pg::Session& target);

}  // namespace agent
