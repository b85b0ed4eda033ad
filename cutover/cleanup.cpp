#include "cutover/cleanup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "cutover/audit.hpp"
#include "cutover/definition.hpp"
#include "cutover/schema_changes.hpp"
#include "cutover/table_checksum.hpp"
#include "mapping/sql_text.hpp"
#include "pg/quoting.hpp"

namespace cutover {

namespace {

using core::Error;
using core::ErrorKind;
using mapping::joined;
using Changes = std::vector<SchemaChange>;

std::vector<std::string> names_of(const std::vector<ColumnDefinition>& columns) {
  std::vector<std::string> names;
  for (const ColumnDefinition& column : columns) names.push_back(column.name);
  return names;
}

/// The columns of the order that are still there. Throws when one of them cannot be dropped so that it can come back.
std::vector<GoingColumns> still_there(pg::Session& target, const CleanupOrder& order) {
  std::vector<GoingColumns> going;
  for (const GoingColumns& wanted : order.going) {
    const std::string name = pg::quote_name(wanted.table);
    if (!target.exec("select pg_catalog.to_regclass($1) is not null", {std::string_view{name}}).is_true(0, 0)) {
      throw Error(ErrorKind::Refused, "cleanup names a table that the target does not have")
          .with("table", wanted.table.display())
          .remedy("correct cleanup.drop_columns in the mapping");
    }
    const std::vector<ColumnDefinition> columns = define_columns(target, wanted.table, wanted.columns);
    if (columns.empty()) continue;
    if (primary_key(target, wanted.table).empty()) {
      throw Error(ErrorKind::Refused, "a table without a primary key cannot be cleaned up: its archive has no key")
          .with("table", wanted.table.display())
          .remedy("give the table a primary key, or take it out of cleanup.drop_columns");
    }
    for (const ColumnDefinition& column : columns) {
      if (!column.is_key && !column.is_inherited) continue;
      throw Error(ErrorKind::Refused, column.is_key ? "cleanup would drop a column of the primary key"
                                                    : "cleanup would drop a column that a parent table or the "
                                                      "partitioning needs")
          .with("table", wanted.table.display())
          .with("column", column.name)
          .remedy("take it out of cleanup.drop_columns in the mapping");
    }
    going.push_back({wanted.table, names_of(columns)});
  }
  return going;
}

void require_listed(const std::vector<Dependent>& dependents, const std::vector<std::string>& also_drop) {
  std::vector<std::string> unlisted;
  std::vector<std::string> names;
  std::vector<std::string> unknown;
  for (const Dependent& dependent : dependents) {
    const std::string text = dependent.kind + " " + dependent.name;
    if (dependent.again.empty()) {
      unknown.push_back(text);
    } else if (dependent.claim == Dependent::Claim::Listed &&
               std::ranges::find(also_drop, dependent.name) == also_drop.end()) {
      unlisted.push_back(text + " (on " + dependent.table.display() + ")");
      names.push_back("\"" + dependent.name + "\"");
    }
  }
  if (!unknown.empty()) {
    throw Error(ErrorKind::Refused, "something hangs on the columns that the agent could not bring back")
        .with("objects", joined(unknown, ", "))
        .remedy("drop it by hand, keeping its definition, or take the columns out of cleanup.drop_columns");
  }
  if (unlisted.empty()) return;
  throw Error(ErrorKind::Refused, "objects of the target need the columns that cleanup is to drop; nothing was changed")
      .with("objects", joined(unlisted, ", "))
      .remedy("change them so that they do without, or let them go too (a rollback brings them back): also_drop: [" +
              joined(names, ", ") + "] under `cleanup` in the mapping");
}

SchemaChange change_of(const Dependent& dependent) {
  return {.kind = dependent.is_rule ? SchemaChange::Kind::Rule : SchemaChange::Kind::Plain,
          .table = dependent.table.display(),
          .applied = dependent.drop_sql,
          .undo = joined(dependent.again, ";\n"),
          .archive = {},
          .run = {},
          .remark = {}};
}

/// What goes before the tables are touched: what has a life of its own.
Changes dependents_go(const std::vector<Dependent>& dependents) {
  Changes changes;
  for (const Dependent& dependent : dependents) {
    if (dependent.claim != Dependent::Claim::Own) changes.push_back(change_of(dependent));
  }
  return changes;
}

/// The values come back without any trigger of the table taking notice: `updated_at` stays what it was. Triggers are switched off and on as they
/// are at that time, whatever this role may set.
std::string restore_values(const core::QualifiedName& table, const std::vector<std::string>& key,
                           const std::vector<ColumnDefinition>& columns, const std::string& archive) {
  std::vector<std::string> same_key;
  for (const std::string& column : key) {
    same_key.push_back("r." + pg::quote_identifier(column) + " = a." + pg::quote_identifier(column));
  }
  std::vector<std::string> set;
  std::vector<std::string> now;
  std::vector<std::string> then;
  for (const ColumnDefinition& column : columns) {
    if (column.is_generated) continue;
    const std::string name = pg::quote_identifier(column.name);
    set.push_back(name + " = a." + name);
    now.push_back("r." + name + "::text");
    then.push_back("a." + name + "::text");
  }
  if (set.empty()) return {};
  return fmt::format(
      "DO $restore$ DECLARE t record; again text[] := '{{}}'; s text; BEGIN FOR t IN SELECT tgname, tgenabled FROM "
      "pg_catalog.pg_trigger WHERE tgrelid = {0}::regclass AND NOT tgisinternal AND tgenabled <> 'D' LOOP EXECUTE "
      "pg_catalog.format('ALTER TABLE %s DISABLE TRIGGER %I', {0}, t.tgname); again := again || pg_catalog.format("
      "'ALTER TABLE %s ENABLE %s TRIGGER %I', {0}, CASE t.tgenabled WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' "
      "ELSE "
      "'' END, t.tgname); END LOOP; UPDATE {1} AS r SET {2} FROM {3} AS a WHERE {4} AND ROW({5}) IS DISTINCT FROM "
      "ROW({6}); FOREACH s IN ARRAY again LOOP EXECUTE s; END LOOP; END $restore$",
      pg::quote_literal(pg::quote_name(table)), pg::quote_name(table), joined(set, ", "), archive,
      joined(same_key, " AND "), joined(now, ", "), joined(then, ", "));
}

SchemaChange columns_go(const core::QualifiedName& table, const std::vector<std::string>& key,
                        const std::vector<ColumnDefinition>& columns, const std::string& archive) {
  const std::string alter = "ALTER TABLE " + pg::quote_name(table) + " ";
  std::vector<std::string> drop;
  std::vector<std::string> add;
  for (const ColumnDefinition& column : columns) {
    drop.push_back("DROP COLUMN " + pg::quote_identifier(column.name));
    add.push_back("ADD COLUMN " + column.definition);
  }
  std::vector<std::string> undo{alter + joined(add, ", ")};
  if (std::string values = restore_values(table, key, columns, archive); !values.empty()) undo.push_back(values);
  for (const ColumnDefinition& column : columns) undo.insert(undo.end(), column.again.begin(), column.again.end());
  return {.table = table.display(),
          .applied = alter + joined(drop, ", "),
          .undo = joined(undo, ";\n"),
          .archive = archive,
          .run = {},
          .remark = {}};
}

/// What is done to one table, in this order; taken back in the other one.
Changes table_goes(pg::Session& target, const GoingColumns& going, const std::vector<Dependent>& dependents,
                   const std::string& archive) {
  const std::string alter = "ALTER TABLE " + pg::quote_name(going.table) + " ALTER COLUMN ";
  const std::vector<ColumnDefinition> columns = define_columns(target, going.table, going.columns);
  Changes changes;
  const auto add = [&](SchemaChange::Kind kind, std::string applied, std::string undo) {
    changes.push_back({.kind = kind,
                       .table = going.table.display(),
                       .applied = std::move(applied),
                       .undo = std::move(undo),
                       .archive = {},
                       .run = {},
                       .remark = {}});
  };
  for (const Dependent& dependent : dependents) {
    if (dependent.claim == Dependent::Claim::Own && dependent.table == going.table)
      changes.push_back(change_of(dependent));
  }
  for (const ColumnSequence& sequence : column_sequences(target, going.table, going.columns)) {
    if (sequence.identity.empty()) {
      // It stays, so that whatever it counted goes on from there when the column comes back.
      add(SchemaChange::Kind::Plain, "ALTER SEQUENCE " + sequence.sequence + " OWNED BY NONE",
          fmt::format("ALTER SEQUENCE {} OWNED BY {}.{}", sequence.sequence, pg::quote_name(going.table),
                      sequence.column));
      continue;
    }
    const pg::Result last = target.exec("select last_value, is_called from " + sequence.sequence);
    add(SchemaChange::Kind::Rule, alter + sequence.column + " DROP IDENTITY",
        fmt::format("{}{} ADD GENERATED {} AS IDENTITY (SEQUENCE NAME {} {}); SELECT pg_catalog.setval({}, {}, {})",
                    alter, sequence.column, sequence.identity == "a" ? "ALWAYS" : "BY DEFAULT", sequence.sequence,
                    sequence.options, pg::quote_literal(sequence.sequence), last.text(0, 0), last.text(0, 1)));
  }
  for (const ColumnDefinition& column : columns) {
    if (!column.is_not_null) continue;
    const std::string name = pg::quote_identifier(column.name);
    add(SchemaChange::Kind::Rule, alter + name + " DROP NOT NULL", alter + name + " SET NOT NULL");
  }
  changes.push_back(columns_go(going.table, primary_key(target, going.table), columns, archive));
  return changes;
}

/// Names of relations end after 63 bytes.
std::string archive_name(const CleanupOrder& order, const std::string& run, const core::QualifiedName& table) {
  constexpr std::size_t kMostBytes = 63;
  std::string name = "archive_" + run + "_" + table.name;
  if (name.size() > kMostBytes) {
    std::size_t end = kMostBytes;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80U) --end;  // not within a character
    name.resize(end);
  }
  return pg::quote_name({order.ledger_schema, name});
}

/// Key and values, in a table that nobody else may read.
std::vector<std::string> make_archive(pg::Session& target, const GoingColumns& going, const std::string& archive) {
  const std::vector<std::string> key = primary_key(target, going.table);
  std::vector<std::string> columns = key;
  columns.insert(columns.end(), going.columns.begin(), going.columns.end());
  return {
      fmt::format("CREATE TABLE {} AS SELECT {} FROM {}", archive, quoted_list(columns), pg::quote_name(going.table)),
      fmt::format("ALTER TABLE {} ADD PRIMARY KEY ({})", archive, quoted_list(key)), take_rights(archive),
      fmt::format("ALTER TABLE {} ENABLE ROW LEVEL SECURITY", archive)};
}

std::string new_run() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

void apply(pg::Session& target, const SchemaChanges& ledger, Changes changes, const std::string& run) {
  for (SchemaChange& change : changes) {
    target.exec(change.applied);
    change.run = run;
    ledger.add(target, change);
  }
}

void require_unchanged(const core::QualifiedName& table, const TableChecksum& before, const TableChecksum& after) {
  if (before == after) return;
  throw Error(ErrorKind::Refused,
              "dropping the columns would have changed something else in the table; it was taken back")
      .with("table", table.display())
      .with("rows_before", std::to_string(before.rows))
      .with("rows_after", std::to_string(after.rows))
      .remedy("look for event triggers on the target that write when a table is altered");
}

CleanedTable clean_table(pg::Session& target, const CleanupOrder& order, const GoingColumns& going,
                         const std::string& run) {
  lock_alone(target, going.table);
  // Again, now that nobody can come in between.
  const std::vector<Dependent> dependents = find_dependents(target, std::span{&going, 1});
  require_listed(dependents, {});
  const std::vector<std::string> others = other_columns(target, going.table, going.columns);
  const TableChecksum before = checksum(target, going.table, others);
  const std::string archive = archive_name(order, run, going.table);
  for (const std::string& statement : make_archive(target, going, archive)) target.exec(statement);
  apply(target, SchemaChanges{order.ledger_schema}, table_goes(target, going, dependents, archive), run);
  require_unchanged(going.table, before, checksum(target, going.table, other_columns(target, going.table, {})));
  audit(target, order.ledger_schema, order.actor, "cleanup", going.table.display(),
        {{"columns", going.columns}, {"rows", before.rows}, {"archive", archive}});
  return {going.table, going.columns, before.rows, archive};
}

}  // namespace

CleanupView inspect_cleanup(pg::Session& target, const CleanupOrder& order) {
  qualify_names(target);
  CleanupView view{.going = still_there(target, order), .dependents = {}, .mentions = {}};
  view.dependents = find_dependents(target, view.going);
  view.mentions = functions_that_mention(target, view.going);
  require_listed(view.dependents, order.also_drop);
  return view;
}

Plan cleanup_plan(pg::Session& target, const CleanupOrder& order) {
  const CleanupView view = inspect_cleanup(target, order);
  Plan plan;
  for (const SchemaChange& change : dependents_go(view.dependents)) {
    plan.push_back(
        {change.applied, "ACCESS EXCLUSIVE on what is dropped and on " + change.table, "needs a column that goes"});
  }
  for (const GoingColumns& going : view.going) {
    const std::string lock = "ACCESS EXCLUSIVE on " + going.table.display();
    const std::string archive = archive_name(order, "RUN", going.table);
    for (const std::string& statement : make_archive(target, going, archive)) {
      plan.push_back({statement, lock, "keeps the values for a rollback, where nobody else may read them"});
    }
    for (const SchemaChange& change : table_goes(target, going, view.dependents, archive)) {
      plan.push_back({change.applied, lock, "drops what the mapping lists"});
    }
  }
  return plan;
}

std::vector<CleanedTable> clean_up(pg::Session& target, const CleanupOrder& order, const Patience& patience,
                                   const std::stop_token& stop) {
  const CleanupView view = inspect_cleanup(target, order);
  if (view.is_done()) return {};
  const SchemaChanges ledger{order.ledger_schema};
  ledger.prepare(target);
  const std::string run = new_run();
  std::vector<core::QualifiedName> tables;
  for (const GoingColumns& going : view.going) tables.push_back(going.table);
  if (const Changes changes = dependents_go(view.dependents); !changes.empty()) {
    patiently(target, "dropping what needs the columns", tables, patience, stop, [&] {
      apply(target, ledger, changes, run + "_0");
      nlohmann::json names = nlohmann::json::array();
      for (const Dependent& dependent : view.dependents) {
        if (dependent.claim != Dependent::Claim::Own) names.push_back(dependent.kind + " " + dependent.name);
      }
      audit(target, order.ledger_schema, order.actor, "cleanup", "dependents", {{"objects", names}});
    });
  }
  std::vector<CleanedTable> cleaned;
  for (std::size_t i = 0; i < view.going.size(); ++i) {
    CleanedTable table;
    patiently(target, "cleaning up " + view.going[i].table.display(), std::span{&tables[i], 1}, patience, stop,
              [&] { table = clean_table(target, order, view.going[i], run + "_" + std::to_string(i + 1)); });
    cleaned.push_back(std::move(table));
  }
  return cleaned;
}

}  // namespace cutover
