#include "cutover/snapshot_rollback.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>

#include "core/array_literal.hpp"
#include "core/error.hpp"
#include "core/uuid.hpp"
#include "cutover/audit.hpp"
#include "cutover/definition.hpp"
#include "cutover/snapshot_rollback_sql.hpp"
#include "pg/copy_text.hpp"
#include "pg/quoting.hpp"

namespace cutover {

namespace {

using core::Error;
using core::ErrorKind;

// A transaction's locks and undo stay small, and its rows are still found through their key.
constexpr std::int64_t kBatch = 20'000;
// Of the line `f` of found_rows. A ledger that an earlier version made, and nobody has started since, has no such column.
constexpr const char* kHeld = "(pg_catalog.to_jsonb(f) -> 'held')";
constexpr const char* kBatchTable = "pg_temp.rollback_batch";
constexpr std::size_t kCopyPiece = 64U << 10U;

std::vector<std::string> key_columns(const mapping::Route& route) {
  return route.id_column ? std::vector{*route.id_column} : route.conflict;
}

/// As apply does it: triggers of the new application have nothing to say to rows that were never its own.
bool rest_triggers(pg::Session& session) {
  try {
    session.exec("SET session_replication_role = replica");
    return true;
  } catch (const Error&) {
    if (session.is_broken()) throw;
    return false;
  }
}

Error still_referred_to(const std::vector<StayingReference>& references) {
  std::string text;
  for (const StayingReference& one : references) {
    text += fmt::format("{}{} rows of {} ({}) refer to {}", text.empty() ? "" : "; ", one.rows, one.table.display(),
                        one.constraint, one.to.display());
  }
  return Error(ErrorKind::Refused, "rows that are not the agent's to remove refer to rows that it wrote")
      .with("references", text)
      .remedy("let these rows go, or let them refer to nothing, then run `agent rollback snapshot` again");
}

}  // namespace

nlohmann::ordered_json to_json(const std::vector<LoosenedReference>& loosened) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const LoosenedReference& one : loosened) {
    array.push_back({{"table", one.table.display()},
                     {"column", one.column},
                     {"to", one.to.display()},
                     {"restored", one.restored},
                     {"emptied", one.emptied}});
  }
  return array;
}

SnapshotRollback::SnapshotRollback(const pg::ConnectionParams& target, const mapping::Plan& plan,
                                   std::string ledger_schema, std::string actor)
    : params_(target),
      plan_(plan),
      schema_(std::move(ledger_schema)),
      actor_(std::move(actor)),
      target_(target, "rollback"),
      rests_triggers_(rest_triggers(target_)) {
  qualify_names(target_);
  target_.exec("create temporary table rollback_batch (target_key text[]) on commit delete rows");
}

std::string SnapshotRollback::in_schema(std::string_view text) const {
  return fmt::format(fmt::runtime(text), fmt::arg("schema", pg::quote_identifier(schema_)));
}

bool SnapshotRollback::is_under_way() {
  const std::string name = list();
  return target_.exec("select pg_catalog.to_regclass($1) is not null", {std::string_view{name}}).is_true(0, 0);
}

bool SnapshotRollback::has_copy() {
  return target_.exec(in_schema("select exists (select from {schema}.found_routes)")).is_true(0, 0);
}

SnapshotRollbackView SnapshotRollback::look() {
  if (is_under_way()) return read_list();
  pg::TransactionBlock never_committed(target_);
  make_list();
  SnapshotRollbackView view = read_list();
  never_committed.rollback();
  return view;
}

void SnapshotRollback::begin(const Patience& patience, const std::stop_token& stop) {
  if (is_under_way()) return;
  patiently(target_, "noting what is to be removed", {}, patience, stop, [&] {
    make_list();
    const SnapshotRollbackView view = read_list();
    if (!view.references.empty()) throw still_referred_to(view.references);
    nlohmann::json rows;
    for (const RouteRows& route : view.routes) rows[route.route] = route.going;
    audit(target_, schema_, actor_, "rollback snapshot", "begin",
          {{"rows", rows}, {"loosened", nlohmann::json(to_json(view.loosened))}});
  });
}

void SnapshotRollback::make_list() {
  target_.exec(in_schema(snapshot_rollback_sql::kCreateList));
  target_.exec(take_rights(list()));
  for (const mapping::Route& route : plan_.routes) {
    if (route.id_column) {
      list_by_id(route);
      list_under_adopted_ids(route);
    } else {
      list_by_key(route);
    }
  }
  target_.exec("analyze " + list());
}

/// The UUID tells: only a minted one is made of its key. Whatever else carries a legacy key is adopted or somebody else's.
void SnapshotRollback::list_by_id(const mapping::Route& route) {
  const mapping::Entity& entity = plan_.entity(*route.entity);
  const std::string id = "t." + pg::quote_identifier(*route.id_column);
  const std::string table = pg::quote_name(route.to);
  std::string keys =
      fmt::format("SELECT legacy_key AS k, uuid AS id FROM {}.migration_mappings WHERE entity = {} AND NOT adopted",
                  pg::quote_identifier(schema_), pg::quote_literal(entity.name));
  if (route.legacy_key_column) {
    const std::string key = "t." + pg::quote_identifier(*route.legacy_key_column);
    keys += fmt::format(" UNION SELECT {}::text, {} FROM {} t WHERE {} IS NOT NULL", key, id, table, key);
  }
  pg::Session reader(params_, "rollback-keys");
  reader.copy_out_begin(
      fmt::format("COPY (SELECT DISTINCT x.k, x.id FROM ({}) x WHERE EXISTS (SELECT FROM {} t WHERE {} = x.id) AND NOT "
                  "EXISTS (SELECT "
                  "FROM {}.found_rows f WHERE f.route = {} AND f.target_key = ARRAY[x.id::text])) TO STDOUT",
                  keys, table, id, pg::quote_identifier(schema_), pg::quote_literal(route.name)));
  target_.copy_in_begin("COPY " + list() + " FROM STDIN");
  std::string piece;
  while (const auto line = reader.copy_out_row()) {
    const core::Row row = pg::decode_copy_line(*line, 2);
    const std::string minted =
        core::uuid_v5(plan_.name_space, entity.name + ":" + std::string(row[0].text)).to_string();
    if (minted != row[1].text) continue;
    pg::append_copy_value(piece, core::Value::of(route.name));
    piece += "\t{" + minted + "}\n";
    if (piece.size() < kCopyPiece) continue;
    target_.copy_in_data(piece);
    piece.clear();
  }
  if (!piece.empty()) target_.copy_in_data(piece);
  target_.copy_in_finish();
}

/// Into the tables of further routes the agent writes rows under adopted ids, too. Of an entity's row that was there when its first route was copied
/// it is known what was there under its id in the others; of one that was adopted later it is not.
void SnapshotRollback::list_under_adopted_ids(const mapping::Route& route) {
  const mapping::Entity& entity = plan_.entity(*route.entity);
  const mapping::Route& first = plan_.route(entity.routes.front());
  if (first.to == route.to) return;
  target_.exec(fmt::format(
      "INSERT INTO {0} SELECT DISTINCT {2}, k.target_key FROM (SELECT m.uuid, ARRAY[m.uuid::text] AS target_key FROM "
      "{1}.stored_mappings m WHERE m.entity = {3} AND m.adopted) k WHERE EXISTS (SELECT FROM {4} t WHERE t.{5} = "
      "k.uuid) AND "
      "EXISTS (SELECT FROM {1}.found_rows f WHERE f.route = {6} AND f.target_key = k.target_key) AND NOT EXISTS "
      "(SELECT FROM "
      "{1}.found_rows f WHERE f.route = {2} AND f.target_key = k.target_key) ON CONFLICT DO NOTHING",
      list(), pg::quote_identifier(schema_), pg::quote_literal(route.name), pg::quote_literal(entity.name),
      pg::quote_name(route.to), pg::quote_identifier(*route.id_column), pg::quote_literal(first.name)));
}

void SnapshotRollback::list_by_key(const mapping::Route& route) {
  target_.exec(fmt::format(
      "INSERT INTO {0} SELECT DISTINCT r.route, r.target_key FROM {1}.remembered_keys r WHERE r.route = {2} "
      "AND EXISTS (SELECT FROM {3} t WHERE {4}) AND NOT EXISTS (SELECT FROM {1}.found_rows f WHERE f.route = "
      "{2} AND f.target_key = r.target_key)",
      list(), pg::quote_identifier(schema_), pg::quote_literal(route.name), pg::quote_name(route.to),
      matches(route, "t", "r.target_key")));
}

std::string SnapshotRollback::matches(const mapping::Route& route, const std::string& alias, const std::string& key) {
  const std::vector<std::string> columns = key_columns(route);
  const std::string table = pg::quote_name(route.to);
  const std::string names = core::text_array(columns);
  const pg::Result types =
      target_.exec(snapshot_rollback_sql::kTypes, {std::string_view{table}, std::string_view{names}});
  std::string condition;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    condition += fmt::format("{}{}.{} = ({}[{}])::{}", i == 0 ? "" : " AND ", alias, pg::quote_identifier(columns[i]),
                             key, i + 1, types.text(i, 0));
  }
  return condition;
}

SnapshotRollbackView SnapshotRollback::read_list() {
  SnapshotRollbackView view;
  for (const mapping::Route& route : plan_.routes) {
    const std::int64_t going =
        target_.exec("select pg_catalog.count(*) from " + list() + " where route = $1", {std::string_view{route.name}})
            .integer(0, 0);
    view.routes.push_back({.route = route.name, .table = route.to, .going = going, .staying = staying(route)});
    if (going == 0) continue;
    const std::string rows =
        fmt::format("(SELECT target_key FROM {} WHERE route = {})", list(), pg::quote_literal(route.name));
    const auto found = references(route, rows, Which::NotLoosened);
    view.references.insert(view.references.end(), found.begin(), found.end());
    const auto giving_way = loosened(route, rows);
    view.loosened.insert(view.loosened.end(), giving_way.begin(), giving_way.end());
  }
  return view;
}

std::int64_t SnapshotRollback::staying(const mapping::Route& route) {
  const std::string table = pg::quote_name(route.to);
  const std::string schema = pg::quote_identifier(schema_);
  const std::string known =
      route.id_column
          ? fmt::format("SELECT DISTINCT ARRAY[uuid::text] AS target_key FROM {}.migration_mappings WHERE entity = {}",
                        schema, pg::quote_literal(plan_.entity(*route.entity).name))
          : fmt::format("SELECT DISTINCT target_key FROM {}.remembered_keys WHERE route = {}", schema,
                        pg::quote_literal(route.name));
  return target_
      .exec(
          fmt::format("SELECT pg_catalog.count(*) FROM ({}) k WHERE EXISTS (SELECT FROM {} t WHERE {}) AND NOT EXISTS "
                      "(SELECT FROM {} g WHERE g.route = {} AND g.target_key = k.target_key)",
                      known, table, matches(route, "t", "k.target_key"), list(), pg::quote_literal(route.name)))
      .integer(0, 0);
}

std::vector<const mapping::Route*> SnapshotRollback::writers(const IncomingKey& key) const {
  std::vector<const mapping::Route*> routes;
  for (const mapping::Route& route : plan_.routes) {
    const bool writes = key.column && route.to == key.from &&
                        std::ranges::any_of(route.columns, [&](const mapping::TargetColumn& column) {
                          return column.name == key.column->name && !column.refs.empty();
                        });
    if (writes) routes.push_back(&route);
  }
  return routes;
}

std::string SnapshotRollback::going_rows(const mapping::Route& to, const std::string& going) {
  return fmt::format("{} p JOIN {} g ON {}", pg::quote_name(to.to), going, matches(to, "p", "g.target_key"));
}

std::string SnapshotRollback::refers_and_stays(const mapping::Route& to, const IncomingKey& key) {
  std::string condition = key.condition;
  for (const mapping::Route& route : plan_.routes) {
    if (route.to != key.from) continue;
    for (const std::string& leaving : {list(), std::string(kBatchTable)}) {
      const std::string own = leaving == list() ? " AND h.route = " + pg::quote_literal(route.name) : "";
      if (own.empty() && &route != &to) continue;
      condition += fmt::format(" AND NOT EXISTS (SELECT FROM {} h WHERE {}{})", leaving,
                               matches(route, "c", "h.target_key"), own);
    }
  }
  return condition;
}

std::string SnapshotRollback::is_written(const mapping::Route& route) {
  const std::string schema = pg::quote_identifier(schema_);
  const std::string keys =
      route.id_column
          ? fmt::format("SELECT ARRAY[uuid::text] AS target_key FROM {}.stored_mappings WHERE entity = {} AND adopted",
                        schema, pg::quote_literal(plan_.entity(*route.entity).name))
          : fmt::format("SELECT target_key FROM {}.remembered_keys WHERE route = {}", schema,
                        pg::quote_literal(route.name));
  return fmt::format("EXISTS (SELECT FROM ({}) w WHERE {})", keys, matches(route, "c", "w.target_key"));
}

std::string SnapshotRollback::found_row(const mapping::Route& route) const {
  std::string key;
  for (const std::string& column : key_columns(route)) {
    key += (key.empty() ? "c." : ", c.") + pg::quote_identifier(column) + "::text";
  }
  return fmt::format("{}.found_rows f WHERE f.route = {} AND f.target_key = ARRAY[{}]", pg::quote_identifier(schema_),
                     pg::quote_literal(route.name), key);
}

std::string SnapshotRollback::previous(const mapping::Route& route, const mapping::Route& to,
                                       const IncomingKey& key) const {
  const IncomingKey::Column& column = *key.column;
  return fmt::format("(SELECT o.{0} FROM {1} o WHERE o.{0} <> c.{2} AND o.{0} = (SELECT ({6} ->> {3})::{4} FROM {5}))",
                     pg::quote_identifier(column.referred), pg::quote_name(to.to), pg::quote_identifier(column.name),
                     pg::quote_literal(column.name), column.type, found_row(route), kHeld);
}

std::string SnapshotRollback::was_empty(const mapping::Route& route, const IncomingKey& key) const {
  return fmt::format("EXISTS (SELECT FROM {0} AND {2} ? {1} AND {2} ->> {1} IS NULL)", found_row(route),
                     pg::quote_literal(key.column->name), kHeld);
}

std::vector<StayingReference> SnapshotRollback::references(const mapping::Route& to, const std::string& going,
                                                           Which which) {
  std::vector<StayingReference> found;
  for (const IncomingKey& key : incoming_keys(target_, to.to)) {
    std::string query = fmt::format("SELECT pg_catalog.count(*) FROM {} c, {} WHERE {}", pg::quote_name(key.from),
                                    going_rows(to, going), refers_and_stays(to, key));
    if (which == Which::NotLoosened) {
      for (const mapping::Route* route : writers(key)) query += " AND NOT " + gives_way(*route, to, key);
    }
    const std::int64_t rows = target_.exec(query).integer(0, 0);
    if (rows > 0) found.push_back({.table = key.from, .constraint = key.constraint, .to = to.to, .rows = rows});
  }
  return found;
}

std::string SnapshotRollback::gives_way(const mapping::Route& route, const mapping::Route& to, const IncomingKey& key) {
  if (key.column->is_nullable) return "(" + is_written(route) + ")";
  return fmt::format("({} AND {} IS NOT NULL)", is_written(route), previous(route, to, key));
}

std::vector<LoosenedReference> SnapshotRollback::loosened(const mapping::Route& to, const std::string& going) {
  std::vector<LoosenedReference> found;
  for (const IncomingKey& key : incoming_keys(target_, to.to)) {
    for (const mapping::Route* route : writers(key)) {
      const pg::Result rows = target_.exec(fmt::format(
          "SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE {} IS NOT NULL OR {}) FROM {} c, {} "
          "WHERE {} AND {}",
          previous(*route, to, key), was_empty(*route, key), pg::quote_name(key.from), going_rows(to, going),
          refers_and_stays(to, key), gives_way(*route, to, key)));
      const std::int64_t all = rows.integer(0, 0);
      if (all == 0) continue;
      const std::int64_t restored = rows.integer(0, 1);
      found.push_back({.table = key.from,
                       .column = key.column->name,
                       .to = to.to,
                       .restored = restored,
                       .emptied = all - restored});
    }
  }
  return found;
}

void SnapshotRollback::loosen(const mapping::Route& to) {
  for (const IncomingKey& key : incoming_keys(target_, to.to)) {
    for (const mapping::Route* route : writers(key)) {
      const std::string update =
          fmt::format("UPDATE {} c SET {} = {} FROM {} WHERE {} AND {}", pg::quote_name(key.from),
                      pg::quote_identifier(key.column->name), previous(*route, to, key), going_rows(to, kBatchTable),
                      refers_and_stays(to, key), gives_way(*route, to, key));
      std::uint64_t rows = 0;
      // What a row referred to before may itself be of this batch: then it refers to nothing the next time.
      while (const std::uint64_t now = target_.exec(update).affected_rows()) rows += now;
      if (rows == 0) continue;
      audit(target_, schema_, actor_, "rollback snapshot", "loosen",
            {{"table", key.from.display()}, {"column", key.column->name}, {"to", to.to.display()}, {"rows", rows}});
    }
  }
}

std::vector<const mapping::Route*> SnapshotRollback::children_first() const {
  std::vector<const mapping::Route*> routes;
  for (const mapping::Route& route : plan_.routes) routes.push_back(&route);
  std::ranges::stable_sort(routes, [](const auto* a, const auto* b) { return a->rank > b->rank; });
  return routes;
}

std::int64_t SnapshotRollback::remove(const Patience& patience, const std::stop_token& stop) {
  std::int64_t total = 0;
  for (const mapping::Route* route : children_first()) {
    for (;;) {
      if (stop.stop_requested()) {
        throw Error(ErrorKind::Target, "the rollback was interrupted; what was removed stays removed")
            .transient()
            .remedy("run `agent rollback snapshot` again: it goes on");
      }
      std::int64_t removed = 0;
      patiently(target_, "removing rows of " + route->to.display(), std::span{&route->to, 1}, patience, stop,
                [&] { removed = remove_batch(*route); });
      total += removed;
      if (removed > 0) spdlog::info("removed rows route={} rows={}", route->name, removed);
      if (removed < kBatch) break;
    }
  }
  return total;
}

std::int64_t SnapshotRollback::remove_batch(const mapping::Route& route) {
  // With foreign keys checked, rows of a table that refer to each other go in one statement.
  const std::string most = std::to_string(rests_triggers_ ? kBatch : std::numeric_limits<std::int64_t>::max());
  const std::uint64_t taken =
      target_.exec(in_schema(snapshot_rollback_sql::kTakeBatch), {std::string_view{route.name}, most}).affected_rows();
  if (taken == 0) return 0;
  target_.exec("analyze pg_temp.rollback_batch");
  const std::string table = pg::quote_name(route.to);
  const std::string condition = matches(route, "t", "b.target_key");
  // From here on nobody begins to refer to them: whoever does waits for this transaction, and finds them gone.
  target_.exec(fmt::format("SELECT FROM {} t JOIN pg_temp.rollback_batch b ON {} FOR UPDATE OF t", table, condition));
  loosen(route);
  if (const auto found = references(route, kBatchTable, Which::All); !found.empty()) throw still_referred_to(found);
  target_.exec(fmt::format("DELETE FROM {} t USING pg_temp.rollback_batch b WHERE {}", table, condition));
  return static_cast<std::int64_t>(taken);
}

void SnapshotRollback::finish(const std::string& slot, const Patience& patience, const std::stop_token& stop) {
  patiently(target_, "forgetting the copy", {}, patience, stop, [&] {
    target_.exec(fmt::format(fmt::runtime(snapshot_rollback_sql::kForget),
                             fmt::arg("schema", pg::quote_identifier(schema_)),
                             fmt::arg("slot", pg::quote_literal(slot))));
    audit(target_, schema_, actor_, "rollback snapshot", "done", nlohmann::json::object());
  });
}

}  // namespace cutover
