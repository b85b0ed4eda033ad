#pragma once

#include <string>
#include <vector>

#include "mapping/plan.hpp"

namespace agent {

/// How a mapping differs from the one under which the target was last compared, by the names of its routes.
struct MappingChange {
  std::vector<std::string> changed;  ///< their rows are compared, and written where they differ
  std::vector<std::string> added;    ///< their rows are copied
  std::vector<std::string> removed;  ///< their rows stay on the target; nobody maintains them any more

  [[nodiscard]] bool is_empty() const { return changed.empty() && added.empty() && removed.empty(); }
  /// For people: `changed: people; added: teams`.
  [[nodiscard]] std::string describe() const;
};

/// What the ledger keeps of a mapping, to tell by name what has changed: JSON text.
[[nodiscard]] std::string describe_mapping(const mapping::Plan& plan);

/// The change since `known`, which describe_mapping() gave; empty when nothing is known. Throws Error(Refused), naming both values, when the
/// namespace or the entity of a route is another one: all ids that were given before would be others.
[[nodiscard]] MappingChange mapping_change(const mapping::Plan& plan, const std::string& known);

}  // namespace agent
