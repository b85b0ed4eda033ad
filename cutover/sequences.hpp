#pragma once

#include <set>

#include "core/relation.hpp"
#include "cutover/plan.hpp"
#include "pg/session.hpp"

namespace cutover {

/// What makes the sequences and identities of these target tables go on beyond the rows that were copied into them, and renews the
/// tables' statistics. Never sets a sequence back.
[[nodiscard]] Plan settling(pg::Session& target, const std::set<core::QualifiedName>& tables);

}  // namespace cutover
