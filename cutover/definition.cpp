#include "cutover/definition.hpp"

#include <fmt/format.h>

#include <map>

#include "core/array_literal.hpp"
#include "cutover/definition_sql.hpp"
#include "pg/quoting.hpp"

namespace cutover {

namespace {

using Statements = std::vector<std::string>;

/// Default privileges may give a new object to whom the old one was not given: taken back before the old rights are given.
std::string take_rights_by(const std::string& catalog, const std::string& acl, const std::string& owner,
                           const std::string& identity, const std::string& object) {
  return fmt::format(
      "DO $rights$ DECLARE g oid; BEGIN FOR g IN SELECT DISTINCT x.grantee FROM pg_catalog.{0} o, "
      "pg_catalog.aclexplode(o.{1}) x WHERE o.oid = {2} AND x.grantee <> o.{3} LOOP EXECUTE pg_catalog.format('REVOKE "
      "ALL ON %s FROM %s', {4}, CASE g WHEN 0 THEN 'PUBLIC' ELSE g::regrole::text END); END LOOP; END $rights$",
      catalog, acl, identity, owner, pg::quote_literal(object));
}

void give_rights(const pg::Result& rights, const std::string& object, Statements& again) {
  for (std::size_t row = 0; row < rights.rows(); ++row) {
    const std::string column = rights.columns() > 3 ? " (" + rights.text(row, 3) + ")" : "";
    again.push_back(fmt::format("GRANT {}{} ON {} TO {}{}", rights.text(row, 0), column, object, rights.text(row, 1),
                                rights.is_true(row, 2) ? " WITH GRANT OPTION" : ""));
  }
}

void comment(const std::string& object, const pg::Result& result, std::size_t column, Statements& again) {
  if (result.get(0, column)) again.push_back("COMMENT ON " + object + " IS " + result.text(0, column));
}

/// Comments and rights of columns; all of them where none are named.
void describe_columns(pg::Session& session, std::string_view oid, const pg::Param& names, const std::string& relation,
                      Statements& again) {
  const pg::Result comments = session.exec(definition_sql::kColumnComments, {oid, names});
  for (std::size_t row = 0; row < comments.rows(); ++row) {
    again.push_back(
        fmt::format("COMMENT ON COLUMN {}.{} IS {}", relation, comments.text(row, 0), comments.text(row, 1)));
  }
  give_rights(session.exec(definition_sql::kColumnRights, {oid, names}), relation, again);
}

/// `column`: by what the columns of such a relation are named: 0 number, 1 name.
void describe_statistics(pg::Session& session, std::string_view oid, const std::string& relation, std::size_t column,
                         Statements& again) {
  const pg::Result targets = session.exec(definition_sql::kStatisticsTargets, {oid});
  for (std::size_t row = 0; row < targets.rows(); ++row) {
    again.push_back(fmt::format("ALTER {} ALTER COLUMN {} SET STATISTICS {}", relation, targets.text(row, column),
                                targets.text(row, 2)));
  }
}

Definition define_view(pg::Session& session, const CatalogObject& object, std::string_view oid) {
  const bool is_materialized = object.kind != "view";
  const std::string kind = is_materialized ? "MATERIALIZED VIEW" : "VIEW";
  const std::string name = pg::quote_name(object.name);
  const pg::Result view = session.exec(definition_sql::kView, {oid});
  Definition result{.drop_sql = "DROP " + kind + " " + name, .again = {}};
  const std::string options = view.text(0, 1).empty() ? "" : " WITH (" + view.text(0, 1) + ")";
  const std::string filled = !is_materialized ? "" : view.is_true(0, 2) ? " WITH DATA" : " WITH NO DATA";
  result.again.push_back("CREATE " + kind + " " + name + options + " AS" + view.text(0, 0) + filled);
  // Rights while this role still owns it.
  result.again.push_back(take_rights(name));
  give_rights(session.exec(definition_sql::kRelationRights, {oid}), name, result.again);
  describe_columns(session, oid, std::nullopt, name, result.again);
  if (is_materialized) describe_statistics(session, oid, kind + " " + name, 1, result.again);
  comment(kind + " " + name, view, 4, result.again);
  if (view.get(0, 3)) result.again.push_back("ALTER " + kind + " " + name + " OWNER TO " + view.text(0, 3));
  return result;
}

/// What a table remembers of an index, which goes with it. `result`: …, is replica identity, is clustered on, name.
void describe_use(const pg::Result& result, const std::string& table, Statements& again) {
  if (result.is_true(0, 2))
    again.push_back("ALTER TABLE " + table + " REPLICA IDENTITY USING INDEX " + result.text(0, 4));
  if (result.is_true(0, 3)) again.push_back("ALTER TABLE " + table + " CLUSTER ON " + result.text(0, 4));
}

Definition define_index(pg::Session& session, const CatalogObject& object, std::string_view oid) {
  const pg::Result index = session.exec(definition_sql::kIndex, {oid});
  const std::string name = pg::quote_name(object.name);
  Definition result{.drop_sql = "DROP INDEX " + name, .again = {index.text(0, 0)}};
  describe_statistics(session, oid, "INDEX " + name, 0, result.again);
  comment("INDEX " + name, index, 1, result.again);
  describe_use(index, pg::quote_name(object.table), result.again);
  return result;
}

Definition define_constraint(pg::Session& session, const CatalogObject& object, std::string_view oid) {
  const pg::Result constraint = session.exec(definition_sql::kConstraint, {oid});
  const std::string name = pg::quote_identifier(object.name.name);
  const std::string table = pg::quote_name(object.table);
  Definition result{.drop_sql = fmt::format("ALTER TABLE {} DROP CONSTRAINT {}", table, name),
                    .again = {fmt::format("ALTER TABLE {} ADD CONSTRAINT {} {}", table, name, constraint.text(0, 0))}};
  comment(fmt::format("CONSTRAINT {} ON {}", name, table), constraint, 1, result.again);
  describe_use(constraint, table, result.again);
  return result;
}

Definition define_policy(pg::Session& session, const CatalogObject& object, std::string_view oid) {
  const pg::Result policy = session.exec(definition_sql::kPolicy, {oid});
  const std::string name = pg::quote_identifier(object.name.name) + " ON " + pg::quote_name(object.table);
  std::string create =
      fmt::format("CREATE POLICY {} AS {} FOR {} TO {}", name, policy.text(0, 0), policy.text(0, 1), policy.text(0, 2));
  if (policy.get(0, 3)) create += " USING (" + policy.text(0, 3) + ")";
  if (policy.get(0, 4)) create += " WITH CHECK (" + policy.text(0, 4) + ")";
  Definition result{.drop_sql = "DROP POLICY " + name, .again = {create}};
  comment("POLICY " + name, policy, 5, result.again);
  return result;
}

Definition define_trigger(pg::Session& session, const CatalogObject& object, std::string_view oid) {
  const pg::Result trigger = session.exec(definition_sql::kTrigger, {oid});
  const std::string trigger_name = pg::quote_identifier(object.name.name);
  const std::string table = pg::quote_name(object.table);
  Definition result{.drop_sql = "DROP TRIGGER " + trigger_name + " ON " + table, .again = {trigger.text(0, 0)}};
  if (trigger.get(0, 1)) {
    result.again.push_back(fmt::format("ALTER TABLE {} {} TRIGGER {}", table, trigger.text(0, 1), trigger_name));
  }
  comment("TRIGGER " + trigger_name + " ON " + table, trigger, 2, result.again);
  return result;
}

Definition define_rule(pg::Session& session, const CatalogObject& object, std::string_view oid) {
  const pg::Result rule = session.exec(definition_sql::kRule, {oid});
  const std::string name = pg::quote_identifier(object.name.name) + " ON " + pg::quote_name(object.table);
  Definition result{.drop_sql = "DROP RULE " + name, .again = {rule.text(0, 0)}};
  if (rule.get(0, 1)) {
    result.again.push_back(fmt::format("ALTER TABLE {} {} RULE {}", pg::quote_name(object.table), rule.text(0, 1),
                                       pg::quote_identifier(object.name.name)));
  }
  comment("RULE " + name, rule, 2, result.again);
  return result;
}

Definition define_default(pg::Session& session, const CatalogObject& object, std::string_view oid) {
  const std::string alter = fmt::format("ALTER TABLE {} ALTER COLUMN {} ", pg::quote_name(object.table),
                                        pg::quote_identifier(object.name.name));
  return {.drop_sql = alter + "DROP DEFAULT",
          .again = {alter + "SET DEFAULT " + session.exec(definition_sql::kDefault, {oid}).text(0, 0)}};
}

Definition define_generated(pg::Session& session, const CatalogObject& object, std::string_view) {
  const std::string table = pg::quote_name(object.table);
  Definition result{
      .drop_sql = fmt::format("ALTER TABLE {} DROP COLUMN {}", table, pg::quote_identifier(object.name.name)),
      .again = {}};
  for (const ColumnDefinition& column : define_columns(session, object.table, {object.name.name})) {
    // Nothing can keep its values from coming back as they were.
    result.again.push_back("ALTER TABLE " + table + " ADD COLUMN " + column.definition +
                           (column.is_not_null ? " NOT NULL" : ""));
    result.again.insert(result.again.end(), column.again.begin(), column.again.end());
  }
  return result;
}

Definition define_function(pg::Session& session, const CatalogObject&, std::string_view oid) {
  const pg::Result function = session.exec(definition_sql::kFunction, {oid});
  const std::string name = function.text(0, 2) + " " + function.text(0, 1);
  Definition result{.drop_sql = "DROP " + name, .again = {function.text(0, 0)}};
  result.again.push_back(
      take_rights_by("pg_proc", "proacl", "proowner", pg::quote_literal(function.text(0, 1)) + "::regprocedure", name));
  result.again.push_back("REVOKE ALL ON " + name + " FROM PUBLIC");  // has it by default, which no list says
  give_rights(session.exec(definition_sql::kFunctionRights, {oid}), name, result.again);
  comment(name, function, 4, result.again);
  if (function.get(0, 3)) result.again.push_back("ALTER " + name + " OWNER TO " + function.text(0, 3));
  return result;
}

Definition define_statistics(pg::Session& session, const CatalogObject& object, std::string_view oid) {
  const pg::Result statistics = session.exec(definition_sql::kStatistics, {oid});
  const std::string name = "STATISTICS " + pg::quote_name(object.name);
  Definition result{.drop_sql = "DROP " + name, .again = {statistics.text(0, 0)}};
  if (statistics.get(0, 2)) result.again.push_back("ALTER " + name + " SET STATISTICS " + statistics.text(0, 2));
  comment(name, statistics, 1, result.again);
  return result;
}

Definition define_publication(pg::Session& session, const CatalogObject& object, std::string_view oid) {
  const pg::Result entry = session.exec(definition_sql::kPublication, {oid});
  const std::string alter = "ALTER PUBLICATION " + pg::quote_identifier(object.name.name);
  const std::string table = pg::quote_name(object.table);
  std::string add = alter + " ADD TABLE " + table;
  if (entry.get(0, 0)) add += " (" + entry.text(0, 0) + ")";
  if (entry.get(0, 1)) add += " WHERE (" + entry.text(0, 1) + ")";
  return {.drop_sql = alter + " DROP TABLE " + table, .again = {add}};
}

std::string oid_of(const core::QualifiedName& table) {
  return "(select " + pg::quote_literal(pg::quote_name(table)) + "::regclass::oid::text)";
}

std::string find_oid(pg::Session& session, const core::QualifiedName& table) {
  return session.exec("select " + oid_of(table)).text(0, 0);
}

}  // namespace

std::string take_rights(const std::string& relation) {
  return take_rights_by("pg_class", "relacl", "relowner", pg::quote_literal(relation) + "::regclass", relation);
}

void qualify_names(pg::Session& session) { session.exec("set search_path = pg_catalog"); }

Definition define(pg::Session& session, const CatalogObject& object) {
  using Define = Definition (*)(pg::Session&, const CatalogObject&, std::string_view);
  static const std::map<std::string, Define, std::less<>> definitions = {{"view", define_view},
                                                                         {"materialized view", define_view},
                                                                         {"index", define_index},
                                                                         {"constraint", define_constraint},
                                                                         {"foreign key", define_constraint},
                                                                         {"policy", define_policy},
                                                                         {"trigger", define_trigger},
                                                                         {"rule", define_rule},
                                                                         {"default", define_default},
                                                                         {"generated column", define_generated},
                                                                         {"function", define_function},
                                                                         {"statistics object", define_statistics},
                                                                         {"publication", define_publication}};
  const auto found = definitions.find(object.kind);
  if (found == definitions.end()) return {};
  return found->second(session, object, std::to_string(object.oid));
}

std::vector<ColumnDefinition> define_columns(pg::Session& session, const core::QualifiedName& table,
                                             const std::vector<std::string>& columns) {
  const std::string oid = find_oid(session, table);
  const std::string relation = pg::quote_name(table);
  const std::string names = core::text_array(columns);
  const pg::Result found = session.exec(definition_sql::kColumns, {std::string_view{oid}, std::string_view{names}});
  std::vector<ColumnDefinition> result;
  for (std::size_t row = 0; row < found.rows(); ++row) {
    const std::string name = pg::quote_identifier(found.text(row, 0));
    ColumnDefinition column{.name = found.text(row, 0),
                            .definition = name + " " + found.text(row, 1),
                            .again = {},
                            .is_generated = !found.text(row, 4).empty(),
                            .is_identity = !found.text(row, 5).empty(),
                            .is_not_null = found.is_true(row, 6),
                            .is_key = found.is_true(row, 10),
                            .is_inherited = found.is_true(row, 11)};
    if (found.get(row, 2)) column.definition += " COLLATE " + found.text(row, 2);
    if (column.is_generated) {
      column.definition += " GENERATED ALWAYS AS (" + found.text(row, 3) + ") STORED";
    } else if (found.get(row, 3)) {
      column.definition += " DEFAULT " + found.text(row, 3);
    }
    const std::string alter = "ALTER TABLE " + relation + " ALTER COLUMN " + name;
    if (found.get(row, 7)) column.again.push_back(alter + " SET STORAGE " + found.text(row, 7));
    if (found.get(row, 8)) column.again.push_back(alter + " SET STATISTICS " + found.text(row, 8));
    if (!found.text(row, 9).empty()) column.again.push_back(alter + " SET (" + found.text(row, 9) + ")");
    const std::string only = core::text_array(std::span{&column.name, 1});
    describe_columns(session, oid, std::string_view{only}, relation, column.again);
    result.push_back(std::move(column));
  }
  return result;
}

std::vector<ColumnSequence> column_sequences(pg::Session& session, const core::QualifiedName& table,
                                             const std::vector<std::string>& columns) {
  const std::string oid = find_oid(session, table);
  const std::string names = core::text_array(columns);
  const pg::Result found = session.exec(definition_sql::kSequences, {std::string_view{oid}, std::string_view{names}});
  std::vector<ColumnSequence> result;
  for (std::size_t row = 0; row < found.rows(); ++row) {
    result.push_back({found.text(row, 0), found.text(row, 1), found.text(row, 2), found.text(row, 3)});
  }
  return result;
}

std::vector<std::string> primary_key(pg::Session& session, const core::QualifiedName& table) {
  const std::string oid = find_oid(session, table);
  const pg::Result found = session.exec(definition_sql::kPrimaryKey, {std::string_view{oid}});
  std::vector<std::string> columns;
  for (std::size_t row = 0; row < found.rows(); ++row) columns.push_back(found.text(row, 0));
  return columns;
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + pg::quote_identifier(name);
  return list;
}

}  // namespace cutover
