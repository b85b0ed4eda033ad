// A partitioned source table, and what a lost state directory leaves of routes without an id: each on databases of its own.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>

#include "tests/support/small_pair.hpp"

namespace {

using tests::SmallPair;

const std::string kHead = "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n";

std::string rows_of(const tests::Database& database, const std::string& query) {
  return tests::as_text(database.query_rows(query));
}

}  // namespace

// reliability 84, 134: leaves with other column orders, rows that move between them, leaves that come later, truncate of the root
BOOST_AUTO_TEST_CASE(rows_of_a_partitioned_table_arrive_whichever_leaf_they_are_in) {
  const SmallPair pair(
      "CREATE TABLE m (id integer, region text, v text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);"
      "CREATE TABLE m_a PARTITION OF m FOR VALUES IN ('a');"
      "CREATE TABLE m_b (v text, gone integer, region text NOT NULL, id integer NOT NULL, PRIMARY KEY (id, region));"
      "ALTER TABLE m_b DROP COLUMN gone; ALTER TABLE m ATTACH PARTITION m_b FOR VALUES IN ('b');"
      "INSERT INTO m SELECT i, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END, 'v' || i FROM generate_series(1, 100) i",
      "CREATE TABLE m_t (id uuid PRIMARY KEY, val text, legacy_id integer, region text)",
      kHead + "  - { from: m, to: m_t, entity: m, columns: { val: v, legacy_id: id, region: region } }\n");
  const auto expect_equal = [&pair] {
    const std::string expected = rows_of(pair.source, "SELECT id, region, v FROM m ORDER BY 1");
    BOOST_TEST(rows_of(pair.target, "SELECT legacy_id, region, val FROM m_t ORDER BY 1") == expected);
  };
  pair.bring_over();
  expect_equal();
  pair.source.exec("UPDATE m SET region = 'b' WHERE id IN (2, 4)");
  pair.source.exec("UPDATE m SET v = 'changed' WHERE id IN (3, 6)");
  pair.source.exec("DELETE FROM m WHERE id IN (5, 8)");
  pair.source.exec("CREATE TABLE m_c PARTITION OF m FOR VALUES IN ('c')");
  pair.source.exec("INSERT INTO m VALUES (200, 'c', 'in a leaf that is new')");
  pair.bring_over();
  expect_equal();
  pair.source.exec("TRUNCATE m; INSERT INTO m VALUES (1, 'a', 'after')");
  pair.bring_over();
  expect_equal();
}

// A pair's legacy key stands nowhere on the target but in the ledger.
BOOST_AUTO_TEST_CASE(pairs_deleted_while_the_state_was_lost_are_deleted_from_the_target) {
  const SmallPair pair(
      "CREATE TABLE l (id integer PRIMARY KEY); CREATE TABLE r (id integer PRIMARY KEY);"
      "CREATE TABLE link (id integer PRIMARY KEY, l integer, r integer);"
      "INSERT INTO l VALUES (1), (2); INSERT INTO r VALUES (1), (2);"
      "INSERT INTO link VALUES (10, 1, 1), (11, 1, 2), (12, 2, 2), (13, 2, 2)",
      "CREATE TABLE ls (id uuid PRIMARY KEY, legacy_id integer UNIQUE); CREATE TABLE rs (id uuid PRIMARY KEY, "
      "legacy_id integer UNIQUE);"
      "CREATE TABLE links (l uuid NOT NULL REFERENCES ls, r uuid NOT NULL REFERENCES rs, PRIMARY KEY (l, r))",
      kHead +
          "  - { from: l, to: ls, entity: l, columns: { legacy_id: id } }\n"
          "  - { from: r, to: rs, entity: r, columns: { legacy_id: id } }\n"
          "  - { from: link, to: links, id: null, conflict: [l, r], columns: { l: \"ref('l', l)\", r: \"ref('r', r)\" "
          "} }\n");
  const std::string pairs =
      "SELECT string_agg(a.legacy_id || '-' || b.legacy_id, ' ' ORDER BY a.legacy_id, b.legacy_id) "
      "FROM links JOIN ls a ON a.id = links.l JOIN rs b ON b.id = links.r";
  pair.bring_over();
  BOOST_TEST(pair.on_target(pairs) == "1-1 1-2 2-2");
  pair.source.exec("DELETE FROM link WHERE id IN (10, 12)");
  std::filesystem::remove_all(pair.agent.state_dir());
  pair.agent.must({"snapshot"});
  pair.bring_over();
  // 12 and 13 shared their pair, so it lives.
  BOOST_TEST(pair.on_target(pairs) == "1-2 2-2");
  BOOST_TEST(
      pair.target_admin
          .query_value("SELECT string_agg(legacy_key, ' ' ORDER BY legacy_key) FROM dispatch_sync.remembered_keys")
          .value_or("") == "11 13");
}

// The comment is still there, so its entity is: only the further route has lost its row.
BOOST_AUTO_TEST_CASE(
    a_row_of_a_further_route_that_lost_its_parent_while_the_state_was_lost_is_deleted_from_the_target) {
  const SmallPair pair(
      "CREATE TABLE plan (id integer PRIMARY KEY); CREATE TABLE comment (id integer PRIMARY KEY, plan_id integer, "
      "of_id integer NOT NULL UNIQUE);"
      "INSERT INTO plan VALUES (1), (2); INSERT INTO comment VALUES (10, 1, 10), (11, 2, 11), (12, 2, 12), (13, 2, 13)",
      "CREATE TABLE plans (id uuid PRIMARY KEY, legacy_id integer UNIQUE);"
      "CREATE TABLE comments (id uuid PRIMARY KEY, legacy_id integer UNIQUE);"
      "CREATE TABLE discussions (id uuid PRIMARY KEY REFERENCES comments, plan_id uuid NOT NULL REFERENCES plans, "
      "legacy_id "
      "integer UNIQUE);"
      "CREATE TABLE labels (id uuid PRIMARY KEY REFERENCES comments, legacy_id integer UNIQUE)",
      kHead +
          "  - { from: plan, to: plans, entity: plan, columns: { legacy_id: id } }\n"
          "  - { from: comment, to: comments, entity: comment, columns: { legacy_id: id } }\n"
          "  - { from: comment, to: discussions, entity: comment, columns: { plan_id: \"ref('plan', plan_id)\", "
          "legacy_id: id } }\n"
          "  - { from: comment, to: labels, entity: comment, key: of_id, where: of_id < 12, columns: { legacy_id: id } "
          "}\n");
  const auto rows = [&pair](const std::string& table) {
    return pair.on_target("SELECT string_agg(legacy_id::text, ' ' ORDER BY legacy_id) FROM " + table);
  };
  pair.bring_over();
  BOOST_TEST(rows("discussions") == "10 11 12 13");
  BOOST_TEST(rows("labels") == "10 11");
  pair.source.exec("DELETE FROM plan WHERE id = 1; DELETE FROM comment WHERE id = 13");
  pair.source.exec("UPDATE comment SET of_id = 50 WHERE id = 11");
  std::filesystem::remove_all(pair.agent.state_dir());
  pair.agent.must({"snapshot"});
  pair.bring_over();
  BOOST_TEST(rows("comments") == "10 11 12");
  BOOST_TEST(rows("discussions") == "11 12");
  BOOST_TEST(rows("labels") == "10");
  BOOST_TEST(pair.counter("discussions", "parked") == 1);
}
