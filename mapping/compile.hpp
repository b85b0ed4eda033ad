#pragma once

#include <vector>

#include "core/catalog.hpp"
#include "mapping/finding.hpp"
#include "mapping/mapping_file.hpp"
#include "mapping/plan.hpp"

namespace mapping {

/// What became of a mapping for two databases. `plan` is complete when no finding is an Error, else empty.
struct Compilation {
  Plan plan;
  std::vector<Finding> findings;  ///< in the order of the file

  [[nodiscard]] bool has_errors() const;
};

/// Checks a mapping against both catalogs and, when it holds, turns it into a plan. Reports as much as it can at once.
/// What only the server can judge (the SQL of expressions, and whether their types fit) is left to be prepared there: see
/// mapping/statement.hpp.
[[nodiscard]] Compilation compile(const MappingFile& file, const core::Catalog& source, const core::Catalog& target);

/// The same for callers that cannot go on with errors. Throws Error(Mapping) with the first one and the number of others.
[[nodiscard]] Plan compile_or_throw(const MappingFile& file, const core::Catalog& source, const core::Catalog& target);

}  // namespace mapping
