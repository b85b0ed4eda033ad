#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/relation.hpp"

/// Pieces of SQL text. Only text: nothing here talks to a server.
namespace mapping {

/// `name` as an SQL identifier, always quoted.
[[nodiscard]] std::string quoted(std::string_view name);
/// `"schema"."name"`.
[[nodiscard]] std::string quoted(const core::QualifiedName& name);
/// The pieces with `separator` between them.
[[nodiscard]] std::string joined(const std::vector<std::string>& pieces, std::string_view separator = ", ");

/// `table`, `schema.table`, either part in double quotes: a name as mapping.yaml writes it. Unquoted parts are taken
/// exactly as written. The schema is public unless given.
[[nodiscard]] core::QualifiedName parse_table_name(std::string_view text);
/// `column` or `alias.column`, either part in double quotes. `qualifier` is empty for the former.
struct ColumnName {
  std::string qualifier;
  std::string name;
};
[[nodiscard]] ColumnName parse_column_name(std::string_view text);

}  // namespace mapping
