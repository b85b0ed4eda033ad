#pragma once

#include <string>
#include <vector>

#include "core/catalog.hpp"

namespace mapping {

/// Names of the columns of a table, for suggestions.
[[nodiscard]] inline std::vector<std::string> column_names(const core::CatalogTable& table) {
  std::vector<std::string> names;
  for (const core::CatalogColumn& column : table.columns) names.push_back(column.name);
  return names;
}

/// Names of the tables of a database as messages show them, for suggestions.
[[nodiscard]] inline std::vector<std::string> table_names(const core::Catalog& catalog) {
  std::vector<std::string> names;
  for (const auto& [name, table] : catalog.tables) names.push_back(name.display());
  return names;
}

/// Whether a column holds UUIDs.
[[nodiscard]] inline bool is_uuid(const core::CatalogColumn& column) {
  constexpr core::Oid kUuid{2950};  // the same in every PostgreSQL
  return column.type == kUuid || column.base_type_name == "pg_catalog.\"uuid\"";
}

}  // namespace mapping
