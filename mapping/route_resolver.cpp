#include "mapping/route_resolver.hpp"

#include <algorithm>
#include <utility>

#include "mapping/names.hpp"
#include "mapping/scalar_position.hpp"
#include "mapping/spelling.hpp"
#include "mapping/sql_text.hpp"
#include "mapping/volatility.hpp"

namespace mapping {

namespace {

void add_once(std::vector<NamedColumn>& list, NamedColumn column) {
  const auto place = std::lower_bound(list.begin(), list.end(), column);
  if (place == list.end() || *place != column) list.insert(place, std::move(column));
}

bool is_table(const core::CatalogTable& table) { return table.kind == 'r' || table.kind == 'p'; }

}  // namespace

std::string ref_input_name(std::size_t ref) { return "r" + std::to_string(ref) + "$"; }

std::optional<ResolvedRoute> RouteResolver::resolve(const RouteEntry& entry) {
  route_ = {};
  route_.entry = &entry;
  route_.from = source_table(entry.from);
  route_.to = target_table(entry.to);
  route_.name = entry.name ? entry.name->text : parse_table_name(entry.to.text).name;
  if (route_.from == nullptr || route_.to == nullptr) return std::nullopt;

  if (entry.entity) {
    const auto entity = std::find_if(entities_.begin(), entities_.end(),
                                     [&](const ResolvedEntity& e) { return e.name == entry.entity->text; });
    route_.entity = static_cast<std::size_t>(entity - entities_.begin());
  }
  if (!entry.has_no_id) route_.id_column = entry.id ? parse_column_name(entry.id->text).name : "id";
  resolve_key();
  for (const JoinEntry& join : entry.joins) resolve_join(join);
  if (entry.where) route_.where = resolve_expression(*entry.where, Refs::Refused, false);
  resolve_columns();
  resolve_set_on_delete();
  return std::move(route_);
}

const core::CatalogTable* RouteResolver::source_table(const Scalar& name) {
  const core::QualifiedName wanted = parse_table_name(name.text);
  const core::CatalogTable* table = source_.table(wanted);
  if (table == nullptr) {
    findings_.error(name.at, "the source has no table '" + wanted.display() + "'",
                    did_you_mean(wanted.display(), table_names(source_)));
    return nullptr;
  }
  if (!is_table(*table) || table->is_partition) {
    findings_.error(name.at, "'" + wanted.display() + "' of the source is not an ordinary or partitioned table",
                    "read the table behind it");
    return nullptr;
  }
  return table;
}

const core::CatalogTable* RouteResolver::target_table(const Scalar& name) {
  const core::QualifiedName wanted = parse_table_name(name.text);
  const core::CatalogTable* table = target_.table(wanted);
  if (table == nullptr) {
    findings_.error(name.at, "the target has no table '" + wanted.display() + "'",
                    did_you_mean(wanted.display(), table_names(target_)));
    return nullptr;
  }
  if (!is_table(*table)) {
    findings_.error(name.at, "'" + wanted.display() + "' of the target is not a table", "write the table behind it");
    return nullptr;
  }
  return table;
}

void RouteResolver::resolve_key() {
  const RouteEntry& entry = *route_.entry;
  if (entry.key.empty()) {
    route_.key = route_.from->primary_key;
    return;
  }
  bool can_be_null = false;
  for (const Scalar& name : entry.key) {
    const std::optional<NamedColumn> column = column_of(Operand::kRow, parse_column_name(name.text).name, name.at);
    if (!column) continue;
    route_.key.push_back(column->column);
    can_be_null = can_be_null || !route_.from->column(column->column)->is_not_null;
  }
  if (!entry.entity) {
    findings_.error(entry.key.front().at, "'key' says what an entity's ids are made of, but this route has no entity",
                    "add 'entity:' or remove 'key:'");
  }
  if (route_.key.size() != entry.key.size()) return;
  if (!route_.from->has_unique_key(route_.key)) {
    findings_.error(entry.key.front().at,
                    "the key is not unique in the source table '" + route_.from->name.display() + "'",
                    "two rows would get one id: choose columns with a unique constraint");
  } else if (can_be_null) {
    findings_.error(entry.key.front().at, "a column of the key may be NULL in the source",
                    "choose columns that are NOT NULL");
  }
}

void RouteResolver::resolve_join(const JoinEntry& entry) {
  ResolvedJoin join;
  join.entry = &entry;
  if (entry.alias.text.find('$') != std::string::npos) {
    findings_.error(entry.alias.at, "the name of a join may not contain '$'");
  }
  join.table = source_table(entry.from);
  if (join.table == nullptr) {
    // A stand-in without columns would only raise follow-up errors; the row's own table keeps the positions right.
    join.table = route_.from;
    route_.joins.push_back(std::move(join));
    return;
  }
  const std::int16_t self = static_cast<std::int16_t>(route_.joins.size());
  bool is_first = true;
  for (const auto& [find, on] : entry.on) {
    const ColumnName name = parse_column_name(on.text);
    const std::optional<NamedColumn> seen = find_column(name.qualifier, name.name, on.at);
    const core::CatalogColumn* column = join.table->column(parse_column_name(find.text).name);
    if (column == nullptr) {
      findings_.error(find.at,
                      "the source table '" + join.table->name.display() + "' has no column '" + find.text + "'",
                      did_you_mean(find.text, column_names(*join.table)));
    } else if (column->is_generated) {
      findings_.error(find.at, "column '" + find.text + "' is generated: the stream does not carry it");
    }
    if (!seen || column == nullptr) continue;
    if (seen->join != Operand::kRow && route_.joins[static_cast<std::size_t>(seen->join)].entry->is_many) {
      findings_.error(on.at, "'" + on.text + "' is an array: a join cannot go on from a join with many: true");
      continue;
    }
    const core::CatalogColumn& other = *route_.table_of(seen->join).column(seen->column);
    if (column->is_integer != other.is_integer) {
      findings_.error(
          on.at,
          "cannot join '" + find.text + "' (" + column->type_name + ") on '" + on.text + "' (" + other.type_name + ")",
          "join columns of one type");
      continue;
    }
    if (!column->is_integer && (column->type_category == 'N' || column->base_type_name != other.base_type_name)) {
      findings_.warning(on.at, "'" + find.text + "' and '" + on.text + "' are matched by their text form");
    }
    if (!is_first && seen->join != join.from) {
      findings_.error(on.at, "the columns that a join goes on from must all be of one table",
                      "take all of them from the row, or all from one earlier join");
      continue;
    }
    join.from = seen->join;
    join.find.push_back(column->name);
    join.on.push_back(*seen);
    is_first = false;
  }
  if (!entry.is_many && join.find.size() == entry.on.size() && !join.table->has_unique_key(join.find)) {
    findings_.warning(entry.alias.at,
                      "no unique key of '" + join.table->name.display() + "' says that join '" + entry.alias.text +
                          "' finds at most one row",
                      "rows for which it finds two are quarantined; 'many: true' gives arrays");
  }
  const auto same_name = [&](const ResolvedJoin& other) { return other.entry->alias.text == entry.alias.text; };
  if (std::any_of(route_.joins.begin(), route_.joins.begin() + self, same_name)) {
    findings_.error(entry.alias.at, "there are two joins called '" + entry.alias.text + "'");
  }
  route_.joins.push_back(std::move(join));
}

void RouteResolver::resolve_columns() {
  std::vector<std::string> seen;
  for (const ColumnEntry& entry : route_.entry->columns) {
    const core::CatalogColumn* target = target_column(entry.name);
    if (target != nullptr) {
      if (std::find(seen.begin(), seen.end(), target->name) != seen.end()) {
        findings_.error(entry.name.at, "column '" + target->name + "' is mapped twice", "remove one of the two");
      }
      seen.push_back(target->name);
      if (route_.id_column == target->name) {
        findings_.error(entry.name.at, "column '" + target->name + "' takes the id; it cannot have an expression too",
                        "remove it, or choose the id's column with 'id:'");
      }
    }
    if (entry.is_yaml_null) {
      findings_.error(entry.expression.at, "column '" + entry.name.text + "' has no expression",
                      "write \"NULL\" in quotes if NULL is meant, or leave the column out to keep its default");
      continue;
    }
    const bool is_for_time = target != nullptr && target->type_category == 'D';
    std::optional<ResolvedExpression> expression = resolve_expression(entry.expression, Refs::Allowed, is_for_time);
    if (!expression) continue;
    check_missing(entry, *expression);
    if (target != nullptr) route_.columns.push_back({&entry, target, std::move(*expression)});
  }
}

void RouteResolver::check_missing(const ColumnEntry& column, const ResolvedExpression& expression) {
  if (column.missing && expression.refs.empty()) {
    findings_.error(column.missing_at, "column '" + column.name.text + "' states 'missing' but has no ref",
                    "remove 'missing'");
  }
}

void RouteResolver::resolve_set_on_delete() {
  for (const ColumnEntry& entry : route_.entry->set_on_delete) {
    const core::CatalogColumn* target = target_column(entry.name);
    if (target != nullptr && target->is_identity_always) {
      findings_.error(entry.name.at, "column '" + target->name + "' is an identity column: it cannot be updated");
    }
    if (target != nullptr && route_.id_column == target->name) {
      findings_.error(entry.name.at, "on_delete cannot change the id");
    }
    if (entry.is_yaml_null) {
      findings_.error(entry.expression.at, "column '" + entry.name.text + "' has no expression",
                      "write \"NULL\" in quotes if NULL is meant");
      continue;
    }
    if (entry.missing) findings_.error(entry.missing_at, "'missing' has no meaning in on_delete", "remove it");
    const bool is_for_time = target != nullptr && target->type_category == 'D';
    std::optional<ResolvedExpression> expression = resolve_expression(entry.expression, Refs::Refused, is_for_time);
    if (!expression) continue;
    if (!expression->reads.empty()) {
      findings_.error(expression->at, "on_delete: set takes constants: the source row is gone by then",
                      "write a constant, in quotes if it is text: \"'archived'\"");
    }
    if (target != nullptr) route_.set_on_delete.push_back({&entry, target, std::move(*expression)});
  }
}

const core::CatalogColumn* RouteResolver::target_column(const Scalar& name) {
  const std::string wanted = parse_column_name(name.text).name;
  const core::CatalogColumn* column = route_.to->column(wanted);
  if (column == nullptr) {
    findings_.error(name.at, "the target table '" + route_.to->name.display() + "' has no column '" + wanted + "'",
                    did_you_mean(wanted, column_names(*route_.to)));
  } else if (column->is_generated) {
    findings_.error(name.at, "column '" + wanted + "' of the target is generated: it cannot be written", "remove it");
    return nullptr;
  }
  return column;
}

std::optional<ResolvedExpression> RouteResolver::resolve_expression(const Scalar& scalar, Refs refs, bool is_for_time) {
  const Expression expression = parse_expression(scalar.text);
  const auto at = [&](std::size_t offset) { return position_in(file_.text, scalar, offset); };
  for (const SqlProblem& problem : expression.problems) findings_.error(at(problem.offset), problem.message);
  if (!expression.problems.empty()) return std::nullopt;
  for (const SqlProblem& problem : volatile_parts(expression, is_for_time)) {
    findings_.error(at(problem.offset), problem.message,
                    "the same row must always give the same values: use a column default of the target instead");
  }

  if (expression.has_query) warn_of_tables(expression, scalar);

  ResolvedExpression resolved;
  resolved.shape = expression.shape;
  resolved.at = scalar.at;
  for (const NameUse& use : expression.names) resolve_name(use, expression, scalar, resolved);
  if (refs == Refs::Refused && !expression.refs.empty()) {
    findings_.error(at(expression.refs.front().begin), "ref() has no place here: it is only known in 'columns'",
                    "test the column itself instead of the row that it points to");
    return std::nullopt;
  }
  std::vector<std::uint16_t> positions;
  for (const RefCall& call : expression.refs) {
    const std::optional<std::uint16_t> ref = resolve_ref(call, scalar);
    if (!ref) return std::nullopt;
    positions.push_back(*ref);
    if (std::find(resolved.refs.begin(), resolved.refs.end(), *ref) == resolved.refs.end()) {
      resolved.refs.push_back(*ref);
    }
  }
  resolved.sql = expression.with_refs([&](std::size_t i) { return "\"in$\"." + quoted(ref_input_name(positions[i])); });
  return resolved;
}

// What follows FROM or JOIN and is called like a table of the target, in an expression with a sub-select.
void RouteResolver::warn_of_tables(const Expression& expression, const Scalar& scalar) {
  const std::vector<Token>& tokens = expression.tokens;
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    if (!tokens[i].is_name() || !(tokens[i - 1].is_word("from") || tokens[i - 1].is_word("join"))) continue;
    core::QualifiedName name{"public", tokens[i].text};
    const bool is_qualified = i + 2 < tokens.size() && tokens[i + 1].is('.') && tokens[i + 2].is_name();
    if (is_qualified) name = {tokens[i].text, tokens[i + 2].text};
    if (target_.table(name) == nullptr) continue;
    findings_.warning(position_in(file_.text, scalar, tokens[i].begin),
                      "the sub-select reads '" + name.display() +
                          "' of the target: when that table changes, this row is not written again, and what it finds "
                          "depends on the order of writing",
                      "join the table of the source instead");
  }
}

void RouteResolver::resolve_name(const NameUse& use, const Expression& expression, const Scalar& scalar,
                                 ResolvedExpression& into) {
  const SourcePosition at = position_in(file_.text, scalar, use.offset);
  if (!use.qualifier.empty()) {
    // A sub-select may bring names of its own, which PostgreSQL judges.
    if (!join_called(use.qualifier) && expression.has_query) return;
    if (std::optional<NamedColumn> column = find_column(use.qualifier, use.name, at)) add_once(into.reads, *column);
    return;
  }
  if (route_.from->column(use.name) != nullptr) {
    if (std::optional<NamedColumn> column = column_of(Operand::kRow, use.name, at)) add_once(into.reads, *column);
    return;
  }
  // Neither a column nor anything else that is known here: a keyword, a type, a mistake. PostgreSQL tells them apart, but
  // it must not find the column of a join under a bare name.
  if (!use.is_certain || expression.has_query) return;
  if (join_called(use.name)) {
    findings_.error(at, "'" + use.name + "' is a join, not a column", "write " + use.name + ".column");
    return;
  }
  for (const ResolvedJoin& join : route_.joins) {
    if (join.table->column(use.name) == nullptr) continue;
    findings_.error(at, "'" + use.name + "' is no column of '" + route_.from->name.display() + "'",
                    "a joined column is written with its join: " + join.entry->alias.text + "." + use.name);
    return;
  }
}

std::optional<std::uint16_t> RouteResolver::resolve_ref(const RefCall& call, const Scalar& scalar) {
  ResolvedRef ref;
  ref.at = position_in(file_.text, scalar, call.begin);
  const auto entity = std::find_if(entities_.begin(), entities_.end(),
                                   [&](const ResolvedEntity& candidate) { return candidate.name == call.entity; });
  if (entity == entities_.end()) {
    std::vector<std::string> names;
    for (const ResolvedEntity& candidate : entities_) names.push_back(candidate.name);
    findings_.error(ref.at, "there is no entity '" + call.entity + "'", did_you_mean(call.entity, names));
    return std::nullopt;
  }
  ref.entity = static_cast<std::size_t>(entity - entities_.begin());
  for (const NameUse& use : call.key) {
    const SourcePosition at = position_in(file_.text, scalar, use.offset);
    const std::optional<NamedColumn> column = find_column(use.qualifier, use.name, at);
    if (!column) return std::nullopt;
    if (column->join != Operand::kRow && route_.joins[static_cast<std::size_t>(column->join)].entry->is_many) {
      findings_.error(at, "'" + use.qualifier + "' is joined with many: true: a ref cannot take an array");
      return std::nullopt;
    }
    if (!ref.key.empty() && column->join != ref.from) {
      findings_.error(at, "the columns of a ref must all be of one table");
      return std::nullopt;
    }
    ref.from = column->join;
    ref.key.push_back(*column);
  }
  const auto same = std::find_if(route_.refs.begin(), route_.refs.end(), [&](const ResolvedRef& other) {
    return other.entity == ref.entity && other.key == ref.key;
  });
  if (same != route_.refs.end()) return static_cast<std::uint16_t>(same - route_.refs.begin());
  route_.refs.push_back(std::move(ref));
  return static_cast<std::uint16_t>(route_.refs.size() - 1);
}

std::optional<NamedColumn> RouteResolver::find_column(std::string_view qualifier, std::string_view name,
                                                      SourcePosition at) {
  if (qualifier.empty()) return column_of(Operand::kRow, name, at);
  const std::optional<std::int16_t> join = join_called(qualifier);
  if (!join) {
    report_unknown_join(qualifier, at);
    return std::nullopt;
  }
  return column_of(*join, name, at);
}

std::optional<NamedColumn> RouteResolver::column_of(std::int16_t join, std::string_view name, SourcePosition at) {
  const core::CatalogTable& table = route_.table_of(join);
  const core::CatalogColumn* column = table.column(name);
  if (column == nullptr) {
    // The join's table was not found: that has been said, and there is nothing to look the column up in.
    if (join != Operand::kRow && route_.joins[static_cast<std::size_t>(join)].on.empty()) return std::nullopt;
    findings_.error(at, "the source table '" + table.name.display() + "' has no column '" + std::string(name) + "'",
                    did_you_mean(name, column_names(table)));
    return std::nullopt;
  }
  if (column->is_generated) {
    findings_.error(at, "column '" + column->name + "' is generated: the stream does not carry it",
                    "write its expression instead");
    return std::nullopt;
  }
  if (join != Operand::kRow && route_.joins[static_cast<std::size_t>(join)].entry->is_many &&
      column->type_category == 'A') {
    findings_.error(at, "column '" + column->name + "' is an array already: many: true cannot make an array of arrays");
    return std::nullopt;
  }
  return NamedColumn{join, column->name};
}

std::optional<std::int16_t> RouteResolver::join_called(std::string_view alias) const {
  for (std::size_t i = 0; i < route_.joins.size(); ++i) {
    if (route_.joins[i].entry->alias.text == alias) return static_cast<std::int16_t>(i);
  }
  return std::nullopt;
}

void RouteResolver::report_unknown_join(std::string_view alias, SourcePosition at) {
  std::string remedy;
  std::vector<std::string> names;
  for (const JoinEntry& join : route_.entry->joins) names.push_back(join.alias.text);
  if (alias == route_.from->name.name) {
    remedy = "columns of the row itself are written without the table's name";
  } else if (std::find(names.begin(), names.end(), alias) != names.end()) {
    remedy = "a join sees only the joins before it: change their order";
  } else {
    remedy = did_you_mean(alias, names);
  }
  findings_.error(at, "there is no join '" + std::string(alias) + "' here", remedy);
}

}  // namespace mapping
