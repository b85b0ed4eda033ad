// The id map becomes a plain table, and the view again.
#include <boost/test/unit_test.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "cutover/handover.hpp"
#include "pg/session.hpp"
#include "tests/support/small_pair.hpp"

namespace {

const std::string kSource = R"sql(
CREATE TABLE auth_user (id integer PRIMARY KEY, name text);
CREATE TABLE product (id integer PRIMARY KEY, name text);
CREATE TABLE tag (id integer PRIMARY KEY, name text);
INSERT INTO auth_user SELECT i, 'u' || i FROM generate_series(1, 40) i;
INSERT INTO product SELECT i, 'p' || i FROM generate_series(1, 20) i;
INSERT INTO tag SELECT i, 't' || i FROM generate_series(1, 5) i;
)sql";

// Profiles and products carry their legacy keys, tags do not; two profiles are of an earlier migration.
const std::string kTarget = R"sql(
CREATE TABLE profiles (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, legacy_user_id integer);
CREATE TABLE products (id uuid PRIMARY KEY, name text, sku integer);
CREATE TABLE tags (id uuid PRIMARY KEY, name text);
INSERT INTO profiles (name, legacy_user_id) SELECT 'old ' || i, i FROM generate_series(1, 2) i;
)sql";

const std::string kMapping = R"yaml(version: 1
namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8
entities:
  profile:
    adopt: SELECT legacy_user_id, id FROM profiles WHERE legacy_user_id IS NOT NULL
routes:
  - from: auth_user
    to: profiles
    entity: profile
    columns: { name: name, legacy_user_id: id }
  - from: product
    to: products
    entity: product
    columns: { name: name, sku: id }
  - from: tag
    to: tags
    entity: tag
    columns: { name: name }
)yaml";

struct Shop : tests::SmallPair {
  Shop() : SmallPair(kSource, kTarget, kMapping) { bring_over(); }

  /// As the agent's commands do it: a session of their own.
  std::optional<std::int64_t> hand_over() const {
    pg::Session session = connect();
    return cutover::hand_over_mappings(session, "dispatch_sync", "tester", {}, {});
  }
  bool take_back() const {
    pg::Session session = connect();
    return cutover::take_back_mappings(session, "dispatch_sync", "tester", {}, {});
  }
  pg::Session connect() const {
    return pg::Session(pg::ConnectionParams::parse(pg::Side::Target, target.url()), "test");
  }
  std::string kind() const {
    return on_target("SELECT relkind FROM pg_class WHERE oid = 'dispatch_sync.migration_mappings'::regclass");
  }
  std::string map() const {
    return tests::as_text(target.query_rows(
        "SELECT entity, legacy_key, uuid, adopted FROM dispatch_sync.migration_mappings ORDER BY entity, legacy_key"));
  }
  /// The map as the rows themselves say it.
  std::string oracle() const {
    return tests::as_text(target.query_rows(
        "SELECT entity, legacy_key::text, id, adopted FROM (SELECT 'product' AS entity, sku AS legacy_key, id, false "
        "AS adopted "
        "FROM products UNION ALL SELECT 'profile', legacy_user_id, id, legacy_user_id <= 2 FROM profiles UNION ALL "
        "SELECT 'tag', substr(name, 2)::integer, id, false FROM tags) x ORDER BY entity, legacy_key::text"));
  }
  /// What the catalog says of the map, and who may use it.
  std::string definition() const {
    return tests::as_text(
        target_admin.query_rows("SELECT c.relkind, pg_get_viewdef(c.oid), obj_description(c.oid), coalesce(c.relacl, "
                                "acldefault('r', c.relowner)), (SELECT "
                                "string_agg(attname || ' ' || "
                                "format_type(atttypid, atttypmod), ',' ORDER BY attnum) FROM pg_attribute WHERE "
                                "attrelid = c.oid AND attnum > 0) "
                                "FROM pg_class c WHERE c.oid = 'dispatch_sync.migration_mappings'::regclass"));
  }
  bool is_readable_by_the_platform() const {
    return target_admin
               .query_value(
                   "SELECT bool_or(has_table_privilege(r, 'dispatch_sync.migration_mappings', 'SELECT')) FROM "
                   "unnest(ARRAY['anon', 'authenticated', 'service_role']) r")
               .value() == "t";
  }
  std::string lookup(const std::string& entity, const std::string& key) const {
    return nlohmann::json::parse(agent.must({"mapping", "lookup", entity, key, "--json"})).at("uuid");
  }
};

std::string refusal(const std::function<void()>& what) {
  try {
    what();
  } catch (const core::Error& error) {
    BOOST_TEST((error.kind() == core::ErrorKind::Refused), error.what());
    return error.what();
  }
  BOOST_ERROR("nothing was refused");
  return {};
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_id_map_becomes_a_table_and_answers_after_a_carrying_column_is_gone) {
  const Shop shop;
  shop.target.exec("COMMENT ON VIEW dispatch_sync.migration_mappings IS 'who is who'");
  const std::string view = shop.definition();
  const std::string rows = shop.oracle();
  BOOST_TEST(shop.map() == rows);
  const std::string exported = shop.agent.must({"mapping", "export"});
  const std::string product = shop.lookup("product", "7");
  {
    pg::Session session = shop.connect();
    BOOST_TEST(!cutover::handover_plan(session, "dispatch_sync").empty());
  }
  BOOST_TEST(shop.definition() == view);

  BOOST_TEST(shop.hand_over().value() == 65);
  BOOST_TEST(shop.kind() == "r");
  BOOST_TEST(shop.map() == rows);
  BOOST_TEST(!shop.is_readable_by_the_platform());
  BOOST_TEST(shop.on_target("SELECT relrowsecurity AND obj_description(oid) = 'who is who' FROM pg_class WHERE oid = "
                            "'dispatch_sync.migration_mappings'::regclass") == "t");
  BOOST_TEST(shop.agent.must({"mapping", "export"}).size() == exported.size());
  BOOST_TEST(shop.lookup("product", "7") == product);
  BOOST_TEST(shop.on_target("SELECT count(*) FROM dispatch_sync.audit_log WHERE phase = 'mappings' AND actor = "
                            "'tester'") == "1");

  // A second time there is nothing to do, also for the plan.
  BOOST_TEST(!shop.hand_over().has_value());
  {
    pg::Session session = shop.connect();
    BOOST_TEST(cutover::handover_plan(session, "dispatch_sync").empty());
  }
  // A start does not make the view again: it would find no column for it, once cleanup was here.
  shop.bring_over();
  BOOST_TEST(shop.kind() == "r");

  shop.target.exec("ALTER TABLE products DROP COLUMN sku");
  BOOST_TEST(shop.lookup("product", "7") == product);
  BOOST_TEST(shop.map() == rows);
  const std::string refused = refusal([&] { static_cast<void>(shop.take_back()); });
  BOOST_TEST(refused.find("agent rollback cleanup") != std::string::npos, refused);
  BOOST_TEST(shop.kind() == "r");

  shop.target.exec("ALTER TABLE products ADD COLUMN sku integer; UPDATE products SET sku = substr(name, 2)::integer");
  BOOST_TEST(shop.take_back());
  BOOST_TEST(shop.definition() == view);
  BOOST_TEST(shop.map() == rows);
  BOOST_TEST(!shop.take_back());
  shop.source.exec("INSERT INTO product VALUES (99, 'p99')");
  shop.bring_over();
  BOOST_TEST(shop.map() == shop.oracle());
}

BOOST_AUTO_TEST_CASE(keys_that_two_rows_claim_keep_the_map_a_view_and_are_counted) {
  const Shop shop;
  shop.target.exec("INSERT INTO products VALUES (gen_random_uuid(), 'twin', 7), (gen_random_uuid(), 'twin', 8)");
  const std::string before = shop.definition();
  const std::string refused = refusal([&] { static_cast<void>(shop.hand_over()); });
  BOOST_TEST(refused.find("product: 2") != std::string::npos, refused);
  BOOST_TEST(shop.definition() == before);
  shop.target.exec("DELETE FROM products WHERE name = 'twin'");
  BOOST_TEST(shop.hand_over().value() == 65);
}

BOOST_AUTO_TEST_CASE(a_view_of_somebody_else_on_the_map_is_named_before_anything_is_done) {
  const Shop shop;
  shop.target.exec("CREATE VIEW public.who_is_who AS SELECT * FROM dispatch_sync.migration_mappings");
  const std::string before = shop.definition();
  const std::string refused = refusal([&] { static_cast<void>(shop.hand_over()); });
  BOOST_TEST(refused.find("who_is_who") != std::string::npos, refused);
  BOOST_TEST(shop.definition() == before);
  BOOST_TEST(shop.on_target("SELECT count(*) FROM dispatch_sync.audit_log WHERE phase = 'mappings'") == "0");
}

// A cleanup's rollback leaves it alone, and its own leaves the cleanup alone.
BOOST_AUTO_TEST_CASE(a_rollback_of_a_cleanup_leaves_the_table_as_it_is) {
  const Shop shop;
  static_cast<void>(shop.hand_over());
  shop.agent.must({"rollback", "cleanup", "--yes"});
  BOOST_TEST(shop.kind() == "r");
  BOOST_TEST(shop.map() == shop.oracle());
}
