#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/resolve.hpp"

namespace mapping {

/// Resolves one route: its tables, key, joins and expressions. The entities must be complete (by name) before.
class RouteResolver {
 public:
  RouteResolver(const MappingFile& file, const core::Catalog& source, const core::Catalog& target,
                const std::vector<ResolvedEntity>& entities, Findings& findings)
      : file_(file), source_(source), target_(target), entities_(entities), findings_(findings) {}

  /// Nothing when one of its two tables does not exist: then the rest cannot be judged.
  [[nodiscard]] std::optional<ResolvedRoute> resolve(const RouteEntry& entry);

 private:
  enum class Refs : bool { Refused, Allowed };

  const core::CatalogTable* source_table(const Scalar& name);
  const core::CatalogTable* target_table(const Scalar& name);
  void resolve_key();
  void resolve_join(const JoinEntry& entry);
  void resolve_columns();
  void resolve_set_on_delete();
  const core::CatalogColumn* target_column(const Scalar& name);
  void check_missing(const ColumnEntry& column, const ResolvedExpression& expression);

  /// `what` begins messages: "where", "column 'x'".
  [[nodiscard]] std::optional<ResolvedExpression> resolve_expression(const Scalar& scalar, Refs refs, bool is_for_time);
  void warn_of_tables(const Expression& expression, const Scalar& scalar);
  void resolve_name(const NameUse& use, const Expression& expression, const Scalar& scalar, ResolvedExpression& into);
  [[nodiscard]] std::optional<std::uint16_t> resolve_ref(const RefCall& call, const Scalar& scalar);
  [[nodiscard]] std::optional<NamedColumn> find_column(std::string_view qualifier, std::string_view name,
                                                       SourcePosition at);
  [[nodiscard]] std::optional<NamedColumn> column_of(std::int16_t join, std::string_view name, SourcePosition at);
  [[nodiscard]] std::optional<std::int16_t> join_called(std::string_view alias) const;
  void report_unknown_join(std::string_view alias, SourcePosition at);

  const MappingFile& file_;
  const core::Catalog& source_;
  const core::Catalog& target_;
  const std::vector<ResolvedEntity>& entities_;
  Findings& findings_;
  ResolvedRoute route_;
};

}  // namespace mapping
