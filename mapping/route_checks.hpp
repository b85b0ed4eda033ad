#pragma once

#include "core/catalog.hpp"
#include "mapping/finding.hpp"
#include "mapping/resolve.hpp"

namespace mapping {

/// Whether each route can work on these two tables: keys, ids, NOT NULL columns, replica identity, names.
void check_routes(const ResolvedMapping& mapping, Findings& findings);
/// Whether cleanup names columns that exist and that no route writes, and reconcile entries have names of their own.
void check_rest(const MappingFile& file, const ResolvedMapping& mapping, const core::Catalog& target,
                Findings& findings);

}  // namespace mapping
