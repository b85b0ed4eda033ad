#pragma once

#include "core/catalog.hpp"
#include "mapping/finding.hpp"
#include "mapping/resolve.hpp"

namespace mapping {

/// Nothing is forgotten: every source table in scope is routed, joined or ignored, and nothing else is read.
void check_scope(const MappingFile& file, const ResolvedMapping& mapping, const core::Catalog& source,
                 Findings& findings);

}  // namespace mapping
