#include "cutover/schema_changes.hpp"

#include "core/array_literal.hpp"
#include "pg/quoting.hpp"

namespace cutover {

namespace {

std::string_view to_string(SchemaChange::Kind kind) {
  switch (kind) {
    case SchemaChange::Kind::Plain: return "plain";
    case SchemaChange::Kind::Rule: return "rule";
    case SchemaChange::Kind::Mappings: return "mappings";
    case SchemaChange::Kind::Trigger: return "trigger";
  }
  return "plain";
}

SchemaChange::Kind kind_of(std::string_view name) {
  using Kind = SchemaChange::Kind;
  for (const Kind kind : {Kind::Rule, Kind::Mappings, Kind::Trigger}) {
    if (name == to_string(kind)) return kind;
  }
  return Kind::Plain;
}

}  // namespace

SchemaChanges::SchemaChanges(const std::string& ledger_schema)
    : table_(pg::quote_name(core::QualifiedName{ledger_schema, "schema_changes"})) {}

bool SchemaChanges::exist(pg::Session& session) const {
  return session.exec("select pg_catalog.to_regclass($1) is not null", {std::string_view{table_}}).is_true(0, 0);
}

bool SchemaChanges::is_prepared(pg::Session& session) const {
  return session
      .exec(
          "select exists (select from pg_catalog.pg_attribute where attrelid = pg_catalog.to_regclass($1) and "
          "attname = 'undone_at')",
          {std::string_view{table_}})
      .is_true(0, 0);
}

void SchemaChanges::prepare(pg::Session& session) const {
  for (const char* column : {"run text", "kind text", "remark text", "undone_at timestamptz"}) {
    session.exec("alter table " + table_ + " add column if not exists " + column);
  }
}

void SchemaChanges::add(pg::Session& session, const SchemaChange& change) const {
  session.exec("insert into " + table_ +
                   " (target_table, applied_sql, undo_sql, archive_table, status, run, kind) values ($1, $2, $3, "
                   "nullif($4, ''), 'applied', $5, $6)",
               {change.table, change.applied, change.undo, change.archive, change.run, to_string(change.kind)});
}

std::vector<SchemaChange> SchemaChanges::standing(pg::Session& session,
                                                  std::initializer_list<SchemaChange::Kind> kinds) const {
  std::vector<core::Value> names;
  for (const SchemaChange::Kind kind : kinds) names.push_back(core::Value::of(to_string(kind)));
  const std::string list = core::array_literal(names);
  const pg::Result found =
      session.exec("select id, target_table, applied_sql, undo_sql, archive_table, run, kind, remark from " + table_ +
                       " where status in ('applied', 'left') and run is not null and kind = any ($1::text[]) order by "
                       "id desc",
                   {std::string_view{list}});
  std::vector<SchemaChange> changes;
  for (std::size_t row = 0; row < found.rows(); ++row) {
    changes.push_back({.kind = kind_of(found.text(row, 6)),
                       .table = found.text(row, 1),
                       .applied = found.text(row, 2),
                       .undo = found.text(row, 3),
                       .archive = found.text(row, 4),
                       .id = found.integer(row, 0),
                       .run = found.text(row, 5),
                       .remark = found.text(row, 7)});
  }
  return changes;
}

void SchemaChanges::note_undone(pg::Session& session, std::int64_t id) const {
  const std::string number = std::to_string(id);
  session.exec("update " + table_ + " set status = 'undone', remark = null, undone_at = now() where id = $1::bigint",
               {number});
}

void SchemaChanges::note_left(pg::Session& session, std::int64_t id, std::string_view remark) const {
  const std::string number = std::to_string(id);
  session.exec("update " + table_ + " set status = 'left', remark = $2 where id = $1::bigint", {number, remark});
}

}  // namespace cutover
