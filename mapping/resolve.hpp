#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/catalog.hpp"
#include "mapping/expression.hpp"
#include "mapping/finding.hpp"
#include "mapping/mapping_file.hpp"

/// The mapping with its names found in both catalogs, still by name: between the file and the plan.
namespace mapping {

/// A column as a route sees it, by name; `join` as in Operand.
struct NamedColumn {
  std::int16_t join = Operand::kRow;
  std::string column;
  friend auto operator<=>(const NamedColumn&, const NamedColumn&) = default;
};

struct ResolvedExpression {
  std::string sql;  ///< with each ref replaced by its input column
  ExpressionShape shape = ExpressionShape::General;
  std::vector<NamedColumn> reads;   ///< each once, ordered
  std::vector<std::uint16_t> refs;  ///< positions in ResolvedRoute::refs, each once
  SourcePosition at;
};

struct ResolvedColumn {
  const ColumnEntry* entry = nullptr;
  const core::CatalogColumn* target = nullptr;
  ResolvedExpression expression;
};

struct ResolvedJoin {
  const JoinEntry* entry = nullptr;
  const core::CatalogTable* table = nullptr;
  std::int16_t from = Operand::kRow;
  std::vector<std::string> find;  ///< columns of `table`
  std::vector<NamedColumn> on;    ///< the columns of `from` that they equal
};

struct ResolvedRef {
  std::size_t entity = 0;
  std::int16_t from = Operand::kRow;
  std::vector<NamedColumn> key;
  SourcePosition at;
};

struct ResolvedRoute {
  const RouteEntry* entry = nullptr;
  std::string name;
  const core::CatalogTable* from = nullptr;
  const core::CatalogTable* to = nullptr;
  std::optional<std::size_t> entity;
  std::vector<std::string> key;  ///< source columns
  std::optional<std::string> id_column;
  std::vector<ResolvedJoin> joins;
  std::vector<ResolvedRef> refs;
  std::optional<std::uint16_t> own_ref;
  std::optional<ResolvedExpression> where;
  std::vector<ResolvedColumn> columns;
  std::vector<ResolvedColumn> set_on_delete;

  /// The table of a column's `join`.
  [[nodiscard]] const core::CatalogTable& table_of(std::int16_t join) const {
    return join == Operand::kRow ? *from : *joins[static_cast<std::size_t>(join)].table;
  }
};

struct ResolvedEntity {
  std::string name;
  SourcePosition at;
  const EntityEntry* entry = nullptr;
  std::vector<std::size_t> minted_by;  ///< positions in MappingFile::routes
};

struct ResolvedMapping {
  std::vector<ResolvedEntity> entities;
  std::vector<ResolvedRoute> routes;  ///< those whose tables exist; all of them when there is no error
};

/// Finds tables, columns, joins, refs and entities. `file` and the catalogs must outlive the result.
[[nodiscard]] ResolvedMapping resolve(const MappingFile& file, const core::Catalog& source, const core::Catalog& target,
                                      Findings& findings);

/// The name of a ref's input column in every statement of its route.
[[nodiscard]] std::string ref_input_name(std::size_t ref);

}  // namespace mapping
