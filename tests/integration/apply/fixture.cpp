#include "tests/integration/apply/fixture.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "agent/layout.hpp"
#include "mapping/compile.hpp"
#include "mapping/yaml_source.hpp"
#include "pg/catalog.hpp"

namespace tests {

namespace {

core::Row row_of(const Cells& cells) {
  core::RowBuilder row{cells.size()};
  for (const auto& cell : cells) row.add(cell ? core::Value::of(*cell) : core::Value::null());
  return std::move(row).finish();
}

}  // namespace

ApplyFixture::ApplyFixture(const std::string& schema, const std::string& routes, ForeignKeys foreign_keys,
                           apply::QuarantineLimit limit)
    : cluster({.conf = {"shared_preload_libraries = 'pg_stat_statements'"}, .bin_dir = target_bin_dir()}),
      database(cluster.database()) {
  database.exec(
      "CREATE EXTENSION pg_stat_statements; CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE postgres TO plain; ALTER "
      "SCHEMA public OWNER TO plain; "
      "GRANT pg_read_all_stats TO plain; CREATE SCHEMA old AUTHORIZATION plain");
  // A superuser may let foreign keys rest, an ordinary role may not.
  const std::string user = foreign_keys == ForeignKeys::Rest ? "" : "plain";
  cluster.database("postgres", "plain").exec(schema);
  const auto params = pg::ConnectionParams::parse(pg::Side::Target, cluster.url("postgres", user));
  pg::Session session{params, "test"};
  source_ = pg::read_catalog(session, {"old"});
  const std::string text =
      "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\ntables: [old.*]\nroutes:\n" + routes;
  plan_ = mapping::compile_or_throw(mapping::parse_mapping("mapping.yaml", text), source_,
                                    pg::read_catalog(session, {"public"}));
  ledger_ = std::make_unique<apply::Ledger>("dispatch_sync", "slot");
  ledger_->create(session, plan_);
  store_ = state::Store::open({.directory = directory_.path() / "state", .memory_budget_bytes = 8U << 20U},
                              {"source-1", "legacy", "target-1", "postgres", "slot", "publication"},
                              agent::layout_of(plan_));
  applier_ = std::make_unique<apply::Applier>(params, plan_, *store_, *ledger_, apply::Applier::Options{"test", limit});
  BOOST_REQUIRE(applier_->session().is_replica() == (foreign_keys == ForeignKeys::Rest));
}

const std::shared_ptr<const core::Relation>& ApplyFixture::relation(const std::string& table) {
  auto& relation = relations_[table];
  if (relation) return relation;
  const core::CatalogTable& catalog = *source_.table({"old", table});
  core::Relation made;
  made.oid = catalog.oid;
  made.name = catalog.name;
  for (const core::CatalogColumn& column : catalog.columns)
    made.columns.push_back({column.name, column.type, column.type_modifier, column.name == "id"});
  relation = std::make_shared<const core::Relation>(std::move(made));
  return relation;
}

core::Change ApplyFixture::insert(const std::string& table, const Cells& cells) {
  return {relation(table), core::Insert{row_of(cells)}};
}
core::Change ApplyFixture::update(const std::string& table, const Cells& cells) {
  return {relation(table), core::Update{{}, row_of(cells)}};
}
core::Change ApplyFixture::remove(const std::string& table, const std::string& id) {
  Cells cells(relation(table)->columns.size());
  cells[0] = id;
  return {relation(table), core::Delete{{core::OldRow::Extent::Key, row_of(cells)}}};
}

void ApplyFixture::apply(const std::vector<std::vector<core::Change>>& transactions) {
  std::vector<core::TransactionPart> parts;
  for (const auto& changes : transactions) {
    core::TransactionPart part;
    part.commit_lsn = {core::Lsn{next_lsn_}};
    part.end_lsn = {core::Lsn{next_lsn_ + 8}};
    next_lsn_ += 16;
    part.changes = changes;
    parts.push_back(std::move(part));
  }
  applier_->apply(parts);
  commit();
}

void ApplyFixture::commit() {
  applier_->commit_target({});
  applier_->commit_state({}, {}, state::Overlay::Sync::Yes);
  const auto counters = store_->counters();
  BOOST_TEST((counters == store_->recount()), "the counters are not the statuses, counted");
  BOOST_TEST(std::all_of(counters.begin(), counters.end(),
                         [](const core::RouteCounters& route) { return route.is_balanced(); }));
}

std::string ApplyFixture::refused() const {
  return value(
      "SELECT string_agg(route || ' ' || legacy_key, ', ' ORDER BY route, legacy_key) FROM dispatch_sync.quarantine "
      "WHERE resolved_at IS NULL");
}

core::RouteCounters ApplyFixture::counters(const std::string& route) const {
  return store_->counters()[plan_.find_route(route)->id.index()];
}

core::RowKey ApplyFixture::number(std::int64_t value) {
  const std::string digits = std::to_string(value);
  const core::KeyType type = core::KeyType::Integer;
  const core::Value of = core::Value::of(digits);
  return core::encode_key({&type, 1}, {&of, 1});
}

}  // namespace tests
