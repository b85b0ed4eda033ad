#include "cutover/handover.hpp"

#include <nlohmann/json.hpp>
#include <vector>

#include "core/error.hpp"
#include "cutover/audit.hpp"
#include "cutover/canceled_by_stop.hpp"
#include "cutover/definition.hpp"
#include "cutover/schema_changes.hpp"
#include "mapping/sql_text.hpp"
#include "pg/quoting.hpp"

namespace cutover {

namespace {

using core::Error;
using core::ErrorKind;

/// Whatever else needs the view $1 (oid); its own rule and its types come and go with it.
constexpr std::string_view kReaders = R"sql(
select pg_catalog.string_agg(distinct pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid), ', ')
from pg_catalog.pg_depend d
where d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = $1::oid and d.deptype = 'n'
  and not (d.classid = 'pg_catalog.pg_rewrite'::regclass and exists (select from pg_catalog.pg_rewrite r where r.oid = d.objid and r.ev_class = $1::oid)))sql";

/// $1: which relation; what it is and its number.
constexpr std::string_view kRelation = R"sql(
select relkind, oid from pg_catalog.pg_class where oid = pg_catalog.to_regclass($1))sql";

/// Legacy keys of an entity that the rows of `{0}` give several UUIDs, counted.
constexpr std::string_view kClaimedTwice = R"sql(
select pg_catalog.string_agg(x.entity || ': ' || x.keys, ', ' order by x.entity)
from (select g.entity, pg_catalog.count(*) as keys
      from (select entity, legacy_key from {view} group by 1, 2 having pg_catalog.count(*) > 1) g group by 1) x)sql";

core::QualifiedName mappings_in(const std::string& ledger_schema) { return {ledger_schema, "migration_mappings"}; }

/// The view as it is; nothing when it is a table already, or when there is none.
std::optional<CatalogObject> find_view(pg::Session& target, const std::string& ledger_schema) {
  const core::QualifiedName name = mappings_in(ledger_schema);
  const std::string quoted = pg::quote_name(name);
  const pg::Result found = target.exec(kRelation, {std::string_view{quoted}});
  if (found.rows() == 0 || found.text(0, 0) != "v") return std::nullopt;
  return CatalogObject{
      .oid = static_cast<std::uint32_t>(found.integer(0, 1)), .kind = "view", .name = name, .table = {}};
}

void require_unread(pg::Session& target, const CatalogObject& view) {
  const std::string oid = std::to_string(view.oid);
  const std::string readers = target.exec(kReaders, {std::string_view{oid}}).text(0, 0);
  if (readers.empty()) return;
  throw Error(ErrorKind::Refused, "something else reads the id map, which is to become a table; nothing was changed")
      .with("view", view.name.display())
      .with("objects", readers)
      .remedy("drop them, and make them again on the table afterwards; `agent mapping export` answers at any time");
}

struct Handover {
  Plan plan;
  SchemaChange record;
};

/// Bytes decide the order of keys in the table: sorting its rows by a language's rules takes several times as long, while nobody may write.
Handover prepare(pg::Session& target, const CatalogObject& view) {
  qualify_names(target);
  require_unread(target, view);
  const Definition before = define(target, view);
  const std::string name = pg::quote_name(view.name);
  const std::string table = pg::quote_name({view.name.schema, view.name.name + "_table"});
  const std::string keeps = "keeps the id map, whatever becomes of the columns that it was read from";
  const std::string closes = "nobody else may read it";
  const std::string takes_place = "the table takes the place of the view";
  const std::string workers = "it is made while nobody may write: by as many workers as the server lets go of";
  Plan plan = {
      {"SET LOCAL maintenance_work_mem = '256MB'", {}, workers},
      {"SET LOCAL max_parallel_maintenance_workers = 4", {}, workers},
      {"SET LOCAL max_parallel_workers_per_gather = 4", {}, workers},
      // The planner weighs what a parallel plan costs the server; here somebody waits.
      {"SET LOCAL parallel_setup_cost = 0", {}, workers},
      {"SET LOCAL parallel_tuple_cost = 0", {}, workers},
      {"CREATE TABLE " + table +
           " AS SELECT entity COLLATE \"C\" AS entity, legacy_key COLLATE \"C\" AS legacy_key, uuid, adopted FROM " +
           name,
       "ACCESS SHARE on the tables that carry legacy keys", keeps},
      {"ALTER TABLE " + table +
           " ALTER COLUMN entity SET NOT NULL, ALTER COLUMN legacy_key SET NOT NULL, ALTER COLUMN uuid SET NOT NULL, "
           "ADD CONSTRAINT migration_mappings_pkey PRIMARY KEY (entity, legacy_key)",
       {},
       "one UUID for each legacy key"},
      {take_rights(table), {}, closes},
      {"ALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY", {}, closes},
      {before.drop_sql, "ACCESS EXCLUSIVE on " + view.name.display(), takes_place},
      {"ALTER TABLE " + table + " RENAME TO " + pg::quote_identifier(view.name.name), {}, takes_place},
  };
  const std::string on_view = "COMMENT ON VIEW ";
  for (const std::string& statement : before.again) {
    if (statement.starts_with("COMMENT ON COLUMN ")) plan.push_back({statement, {}, takes_place});
    if (statement.starts_with(on_view))
      plan.push_back({"COMMENT ON TABLE " + statement.substr(on_view.size()), {}, takes_place});
  }
  std::vector<std::string> undo{"DROP TABLE " + name};
  undo.insert(undo.end(), before.again.begin(), before.again.end());
  std::vector<std::string> applied;
  for (const PlannedStatement& statement : plan) applied.push_back(statement.sql);
  return {.plan = std::move(plan),
          .record = {.kind = SchemaChange::Kind::Mappings,
                     .table = view.name.display(),
                     .applied = mapping::joined(applied, ";\n"),
                     .undo = mapping::joined(undo, ";\n"),
                     .archive = {},
                     .run = {},
                     .remark = {}}};
}

/// Asked only when the server has refused the key.
std::string claimed_twice(pg::Session& target, const CatalogObject& view) {
  std::string query{kClaimedTwice};
  const std::string place = "{view}";
  query.replace(query.find(place), place.size(), pg::quote_name(view.name));
  return target.exec(query).text(0, 0);
}

}  // namespace

Plan handover_plan(pg::Session& target, const std::string& ledger_schema) {
  const auto view = find_view(target, ledger_schema);
  return view ? prepare(target, *view).plan : Plan{};
}

std::optional<std::int64_t> hand_over_mappings(pg::Session& target, const std::string& ledger_schema,
                                               const std::string& actor, const Patience& patience,
                                               const std::stop_token& stop) {
  const auto view = find_view(target, ledger_schema);
  if (!view) return std::nullopt;
  const SchemaChanges ledger{ledger_schema};
  const CanceledByStop canceling{target, stop};
  std::int64_t rows = 0;
  try {
    patiently(target, "making the id map a table", std::span{&view->name, 1}, patience, stop, [&] {
      ledger.prepare(target);
      Handover handover = prepare(target, *view);
      for (const PlannedStatement& statement : handover.plan) target.exec(statement.sql);
      rows = target.exec("select pg_catalog.count(*) from " + pg::quote_name(view->name)).integer(0, 0);
      ledger.add(target, handover.record);
      audit(target, ledger_schema, actor, "cutover", "mappings", {{"rows", rows}});
    });
  } catch (const Error& error) {
    if (error.sqlstate() != "23505" || target.is_broken()) throw;
    throw Error(ErrorKind::Refused, "rows of the target claim one legacy key together, so that the id map has no key")
        .with("view", view->name.display())
        .with("keys", claimed_twice(target, *view))
        .sqlstate(error.sqlstate())
        .remedy("`agent validate` names them; put them right, then go on");
  }
  return rows;
}

bool take_back_mappings(pg::Session& target, const std::string& ledger_schema, const std::string& actor,
                        const Patience& patience, const std::stop_token& stop) {
  const core::QualifiedName name = mappings_in(ledger_schema);
  const std::string quoted = pg::quote_name(name);
  const pg::Result found = target.exec(kRelation, {std::string_view{quoted}});
  if (found.rows() == 0 || found.text(0, 0) != "r") return false;
  const SchemaChanges ledger{ledger_schema};
  std::vector<SchemaChange> changes;
  if (ledger.is_prepared(target)) changes = ledger.standing(target, {SchemaChange::Kind::Mappings});
  if (changes.empty()) {
    throw Error(ErrorKind::State, "the ledger does not say what view the id map was")
        .with("table", name.display())
        .remedy("drop the table once `agent mapping export` has saved what it says: the next start makes the view");
  }
  qualify_names(target);
  try {
    patiently(target, "making the id map a view again", std::span{&name, 1}, patience, stop, [&] {
      target.exec(changes.front().undo);
      ledger.note_undone(target, changes.front().id);
      audit(target, ledger_schema, actor, "rollback cutover", "mappings", nlohmann::json::object());
    });
  } catch (const Error& error) {
    if (error.sqlstate() != "42703" && error.sqlstate() != "42P01") throw;
    throw Error(ErrorKind::Refused, "a column that the id map was read from is gone, so that it stays a table")
        .with("table", name.display())
        .sqlstate(error.sqlstate())
        .remedy("run `agent rollback cleanup` first");
  }
  return true;
}

}  // namespace cutover
