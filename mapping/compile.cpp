#include "mapping/compile.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "core/error.hpp"
#include "mapping/fingerprint.hpp"
#include "mapping/join_plan.hpp"
#include "mapping/names.hpp"
#include "mapping/resolve.hpp"
#include "mapping/route_checks.hpp"
#include "mapping/scope.hpp"
#include "mapping/sql_text.hpp"
#include "mapping/statement.hpp"
#include "mapping/table_images.hpp"
#include "mapping/table_order.hpp"
#include "mapping/target_key_text.hpp"
#include "mapping/waiting_circles.hpp"

namespace mapping {

namespace {

// Puts a plan together from names that are all known to be right.
class Assembly {
 public:
  Assembly(const MappingFile& file, const ResolvedMapping& mapping, const core::Catalog& target)
      : file_(file), mapping_(mapping), target_(target), images_(mapping) {}

  Plan run() && {
    plan_.file = file_.path;
    plan_.name_space = file_.name_space;
    for (std::size_t i = 0; i < mapping_.routes.size(); ++i) add_route(i);
    plan_.tables = std::move(images_.tables());
    plan_.indexes = std::move(images_.indexes());
    for (const Route& route : plan_.routes) plan_.tables[route.from.index()].routes.push_back(route.id);
    add_entities();
    add_ways_back();
    add_what_is_not_about_rows();
    order_routes(plan_, target_);
    order_tables(plan_);
    write_statements(plan_);
    take_fingerprints(plan_);
    return std::move(plan_);
  }

 private:
  void add_route(std::size_t position) {
    const ResolvedRoute& resolved = mapping_.routes[position];
    const RouteEntry& entry = *resolved.entry;
    Route route;
    route.id = core::RouteId{static_cast<std::uint16_t>(position)};
    route.name = resolved.name;
    route.from = images_.id(*resolved.from);
    route.to = resolved.to->name;
    route.at = entry.at;
    if (resolved.entity) route.entity = core::EntityId{static_cast<std::uint16_t>(*resolved.entity)};
    for (const std::string& column : resolved.key) route.key.push_back(images_.position(route.from, column));
    route.key_is_primary = resolved.key == resolved.from->primary_key;
    // Whether such a key is present is asked by it (a look-up of its UUID, the sweep after a snapshot), ref or no ref.
    if (!route.key_is_primary) static_cast<void>(images_.access(route.from, route.key));
    route.id_column = resolved.id_column;
    for (const Scalar& column : entry.conflict) route.conflict.push_back(parse_column_name(column.text).name);
    for (std::size_t i = 0; i < resolved.joins.size(); ++i) route.joins.push_back(plan_join(resolved, i, images_));
    for (const ResolvedRef& ref : resolved.refs) route.refs.push_back(plan_ref(resolved, ref, images_));
    route.own_ref = resolved.own_ref;
    if (resolved.where) {
      route.has_where = true;
      route.where = resolved.where->sql;
      route.where_at = resolved.where->at;
      route.where_reads = images_.operands(resolved, resolved.where->reads);
    }
    for (const ResolvedColumn& column : resolved.columns) route.columns.push_back(target_column(resolved, column));
    route.on_delete = entry.on_delete;
    for (const ResolvedColumn& column : resolved.set_on_delete) {
      route.set_on_delete.push_back(target_column(resolved, column));
    }
    route.on_truncate = entry.on_truncate;
    route.owns_all = entry.owns_all;
    route.legacy_key_column = legacy_key_column(resolved);
    route.conflict_from = conflict_sources(resolved, route);
    plan_.routes.push_back(std::move(route));
  }

  TargetColumn target_column(const ResolvedRoute& route, const ResolvedColumn& resolved) const {
    TargetColumn column;
    column.name = resolved.target->name;
    column.sql = resolved.expression.sql;
    column.refs = resolved.expression.refs;
    column.is_plain_ref = resolved.expression.shape == ExpressionShape::Ref;
    column.missing = resolved.entry->missing;
    if (column.is_plain_ref && !column.missing) column.missing = Missing::Park;
    column.at = resolved.expression.at;
    column.reads = images_.operands(route, resolved.expression.reads);
    column.sql_type = resolved.target->base_type_name;
    column.declared_type = resolved.target->type_name;
    column.is_identity_always = resolved.target->is_identity_always;
    if (resolved.expression.shape == ExpressionShape::Literal) {
      // In a sub-select a bare literal is text, which does not assign to jsonb or an enum.
      column.sql = "CAST(" + column.sql + "\nAS " + column.sql_type + ")";
    }
    return column;
  }

  /// Whether `column::text` on the target, in any session, is the text that the source sends. Not so of numeric (another scale adds zeros),
  /// boolean (`t` and `true`), times (which session's zone?) and char(n).
  static bool reads_alike(const core::CatalogColumn& key, const core::CatalogColumn& target) {
    if (key.is_integer) return target.is_integer || target.type_category == 'S';
    const bool is_text = key.type_category == 'S' && key.base_type_name != "pg_catalog.\"bpchar\"";
    return (is_text || is_uuid(key)) && target.base_type_name == key.base_type_name;
  }

  static std::optional<std::string> legacy_key_column(const ResolvedRoute& route) {
    if (route.key.size() != 1) return std::nullopt;
    const core::CatalogColumn& key = *route.from->column(route.key.front());
    for (const ResolvedColumn& column : route.columns) {
      const ResolvedExpression& expression = column.expression;
      const bool is_key = expression.shape == ExpressionShape::Name && expression.reads.size() == 1 &&
                          expression.reads.front() == NamedColumn{Operand::kRow, key.name};
      if (is_key && reads_alike(key, *column.target)) return column.target->name;
    }
    return std::nullopt;
  }

  // Where the conflict columns come from, if all of them can be told without asking the target.
  std::vector<Route::ConflictSource> conflict_sources(const ResolvedRoute& resolved, const Route& route) const {
    std::vector<Route::ConflictSource> sources;
    for (const std::string& name : route.conflict) {
      const auto column = std::find_if(resolved.columns.begin(), resolved.columns.end(),
                                       [&](const ResolvedColumn& candidate) { return candidate.target->name == name; });
      const ResolvedExpression& expression = column->expression;
      Route::ConflictSource source;
      if (expression.shape == ExpressionShape::Ref && is_uuid(*column->target)) {
        source.is_ref = true;
        source.ref = expression.refs.front();
      } else if (expression.shape == ExpressionShape::Name && is_kept_as_it_is(resolved, *column)) {
        source.column = images_.operand(resolved, expression.reads.front());
      } else {
        return {};
      }
      sources.push_back(source);
    }
    return sources;
  }

  // Whether the source column's text is the one by which the target column's values are told apart.
  static bool is_kept_as_it_is(const ResolvedRoute& route, const ResolvedColumn& column) {
    if (column.expression.reads.size() != 1) return false;
    const NamedColumn& read = column.expression.reads.front();
    if (read.join != Operand::kRow && route.joins[static_cast<std::size_t>(read.join)].entry->is_many) return false;
    const core::CatalogColumn& source = *route.table_of(read.join).column(read.column);
    if (source.is_integer && column.target->is_integer) return true;
    return source.base_type_name == column.target->base_type_name && source.is_builtin &&
           is_printed_as_key(source.base_type_name) && source.type_modifier == column.target->type_modifier;
  }

  void add_entities() {
    for (std::size_t i = 0; i < mapping_.entities.size(); ++i) {
      const ResolvedEntity& resolved = mapping_.entities[i];
      Entity entity;
      entity.id = core::EntityId{static_cast<std::uint16_t>(i)};
      entity.name = resolved.name;
      entity.at = resolved.at;
      if (resolved.entry != nullptr && resolved.entry->adopt) entity.adopt = resolved.entry->adopt->text;
      for (const std::size_t route : resolved.minted_by) {
        entity.routes.push_back(core::RouteId{static_cast<std::uint16_t>(route)});
      }
      const Route& first = plan_.route(entity.routes.front());
      entity.table = first.from;
      for (const std::uint16_t column : first.key) {
        entity.key_types.push_back(plan_.table(first.from).columns[column].key_type);
      }
      plan_.entities.push_back(std::move(entity));
    }
  }

  void add_ways_back() {
    plan_.joined_by.resize(plan_.tables.size());
    for (const Route& route : plan_.routes) {
      for (std::size_t i = 0; i < route.refs.size(); ++i) {
        Entity& entity = plan_.entities[route.refs[i].entity.index()];
        entity.referred_by.emplace_back(route.id, static_cast<std::uint16_t>(i));
      }
      for (std::size_t i = 0; i < route.joins.size(); ++i) {
        plan_.joined_by[route.joins[i].table.index()].push_back({route.id, static_cast<std::uint16_t>(i)});
      }
    }
  }

  void add_what_is_not_about_rows() {
    for (const ReconcileEntry& entry : file_.reconcile) {
      plan_.reconcile.push_back({entry.name.text, entry.source.text, entry.target.text, entry.name.at});
    }
    for (const auto& [table, columns] : file_.cleanup.drop_columns) {
      for (const Scalar& column : columns) plan_.cleanup.drop_columns[table.text].push_back(column.text);
    }
    for (const Scalar& name : file_.cleanup.also_drop) plan_.cleanup.also_drop.push_back(name.text);
    for (const Scalar& name : file_.settle.keep_disabled) plan_.settle.keep_disabled.push_back(name.text);
  }

  const MappingFile& file_;
  const ResolvedMapping& mapping_;
  const core::Catalog& target_;
  TableImages images_;
  Plan plan_;
};

bool is_error(const Finding& finding) { return finding.severity == Finding::Severity::Error; }

}  // namespace

bool Compilation::has_errors() const { return std::any_of(findings.begin(), findings.end(), is_error); }

Compilation compile(const MappingFile& file, const core::Catalog& source, const core::Catalog& target) {
  Findings findings;
  const ResolvedMapping mapping = resolve(file, source, target, findings);
  check_scope(file, mapping, source, findings);
  check_routes(mapping, findings);
  check_rest(file, mapping, target, findings);

  Compilation compilation;
  if (findings.errors() == 0) {
    compilation.plan = Assembly(file, mapping, target).run();
    warn_of_waiting_circles(compilation.plan, findings);
  }
  compilation.findings = std::move(findings).take();
  std::stable_sort(compilation.findings.begin(), compilation.findings.end(), [](const Finding& l, const Finding& r) {
    return std::tie(l.at.line, l.at.column) < std::tie(r.at.line, r.at.column);
  });
  return compilation;
}

Plan compile_or_throw(const MappingFile& file, const core::Catalog& source, const core::Catalog& target) {
  Compilation compilation = compile(file, source, target);
  const auto first = std::find_if(compilation.findings.begin(), compilation.findings.end(), is_error);
  if (first == compilation.findings.end()) return std::move(compilation.plan);
  const auto others = std::count_if(first + 1, compilation.findings.end(), is_error);
  core::Error error(core::ErrorKind::Mapping, first->message);
  error.with("file", file.path)
      .with("line", std::to_string(first->at.line))
      .with("column", std::to_string(first->at.column));
  if (others > 0) error.with("other_errors", std::to_string(others));
  if (!first->remedy.empty()) error.remedy(first->remedy);
  throw error;
}

}  // namespace mapping
