// Tables and statements out of the ordinary.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/integration/dispatch/way.hpp"
#include "tests/support/wait.hpp"

namespace {

using meaning::kBothWays;
using meaning::Way;
using tests::SmallPair;

std::string mapping(const std::string& routes, const std::string& rest = "") {
  return "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n" + routes + rest;
}

std::string list(const SmallPair& pair, const std::string& table) {
  return pair.on_target("SELECT string_agg(legacy_id || coalesce(v, '-'), ' ' ORDER BY legacy_id) FROM " + table);
}

}  // namespace

// reliability 126
BOOST_DATA_TEST_CASE(columns_that_a_key_only_includes_are_no_part_of_it, kBothWays, way) {
  const SmallPair pair(
      "CREATE TABLE item (v text, id integer, extra text, PRIMARY KEY (id) INCLUDE (extra));"
      "CREATE TABLE whole (LIKE item INCLUDING ALL); ALTER TABLE whole REPLICA IDENTITY FULL;"
      "CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES",
      // More columns than are mapped, in another order.
      "CREATE TABLE items (legacy_id integer, own text DEFAULT 'own', v text, id uuid PRIMARY KEY, extra text);"
      "CREATE TABLE wholes (LIKE items INCLUDING ALL)",
      mapping("  - { from: item, to: items, entity: item, columns: { v: v, extra: extra, legacy_id: id } }\n"
              "  - { from: whole, to: wholes, entity: whole, columns: { v: v, extra: extra, legacy_id: id } }\n",
              "ignore: { nothing: has no columns }\n"));
  const std::string rows = " SELECT 'a', i, 'x' || i FROM generate_series(1, 5) i;";
  meaning::bring(pair, way, "INSERT INTO item" + rows + "INSERT INTO whole" + rows);
  const std::string ids = "SELECT string_agg(id::text, ' ' ORDER BY legacy_id) FROM items";
  const std::string before = pair.on_target(ids);
  pair.target.exec("UPDATE items SET own = 'kept'");
  const std::string change =
      " SET extra = 'changed' WHERE id < 4; INSERT INTO nothing DEFAULT VALUES; TRUNCATE nothing;";
  pair.source.exec(
      "UPDATE item" + change + "UPDATE whole" + change +
      "UPDATE item SET v = NULL WHERE id = 2; DELETE FROM item WHERE id = 5; DELETE FROM whole WHERE id = 5");
  pair.bring_over();
  BOOST_TEST(list(pair, "items") == "1a 2- 3a 4a");
  BOOST_TEST(list(pair, "wholes") == "1a 2a 3a 4a");
  BOOST_TEST(pair.on_target("SELECT string_agg(extra || own, ' ' ORDER BY legacy_id) FROM items") ==
             "changedkept changedkept changedkept x4kept");
  BOOST_TEST(before.starts_with(pair.on_target(ids)));
}

// reliability 81, 126: without a key, rows that are alike cannot be told apart
BOOST_AUTO_TEST_CASE(a_table_of_full_identity_without_a_key_is_refused_by_name) {
  const SmallPair pair(
      "CREATE TABLE item (id integer, v text); ALTER TABLE item REPLICA IDENTITY FULL;"
      "INSERT INTO item VALUES (1, 'twice'), (1, 'twice')",
      "CREATE TABLE items (id uuid PRIMARY KEY, v text, legacy_id integer)",
      mapping("  - { from: item, to: items, entity: item, columns: { v: v, legacy_id: id } }\n"));
  for (const char* command : {"check", "snapshot"}) {
    const tests::CommandResult refused = pair.agent.command({command});
    BOOST_TEST((refused.exit_code == 1 || refused.exit_code == 2), refused.out << refused.err);
    const std::string said = refused.out + refused.err;
    BOOST_TEST(said.find("'item' has no primary key") != std::string::npos, said);
  }
  BOOST_TEST(pair.on_target("SELECT count(*) FROM items") == "0");
}

// reliability 83, 132
BOOST_DATA_TEST_CASE(a_truncated_group_that_is_partly_out_of_scope_takes_what_is_mapped, kBothWays, way) {
  const SmallPair pair(
      "CREATE TABLE region (id integer PRIMARY KEY); CREATE TABLE parent (id serial PRIMARY KEY, v text, region "
      "integer REFERENCES "
      "region); CREATE TABLE child (id serial PRIMARY KEY, v text, parent integer REFERENCES parent);"
      "CREATE TABLE trail (id integer PRIMARY KEY, child integer REFERENCES child);"
      "CREATE TABLE kept (id integer PRIMARY KEY, v text, parent integer REFERENCES parent)",
      "CREATE TABLE parents (id uuid PRIMARY KEY, v text, legacy_id integer);"
      "CREATE TABLE children (id uuid PRIMARY KEY, v text, parent_id uuid REFERENCES parents, legacy_id integer);"
      "CREATE TABLE kept (id uuid PRIMARY KEY, v text, legacy_id integer)",
      mapping("  - { from: parent, to: parents, entity: parent, columns: { v: v, legacy_id: id } }\n"
              "  - { from: child, to: children, entity: child, columns: { v: v, parent_id: \"ref('parent', parent)\", "
              "legacy_id: id "
              "} }\n"
              "  - { from: kept, to: kept, entity: kept, on_truncate: keep, columns: { v: v, legacy_id: id } }\n",
              "ignore: { region: stays behind, trail: stays behind }\n"));
  const std::string rows =
      "INSERT INTO region VALUES (1); INSERT INTO parent (v, region) VALUES ('a', 1), ('b', 1); INSERT INTO child (v, "
      "parent) VALUES "
      "('c', 1), ('d', 2); INSERT INTO trail VALUES (1, 1); INSERT INTO kept VALUES (1, 'k', 1);";
  meaning::bring(pair, way, rows);
  const std::string ids = "SELECT string_agg(id::text, ' ' ORDER BY legacy_id) FROM parents";
  const std::string before = pair.on_target(ids);
  // From a table that nobody reads down to the mapped ones, and to one that nobody reads again.
  pair.source.exec("TRUNCATE region RESTART IDENTITY CASCADE");
  pair.bring_over();
  BOOST_TEST(list(pair, "parents") + list(pair, "children") == "");
  BOOST_TEST(list(pair, "kept") == "1k");
  // The numbers begin again, and with them the same ids.
  pair.source.exec(rows);
  pair.bring_over();
  BOOST_TEST(list(pair, "parents") == "1a 2b");
  BOOST_TEST(list(pair, "children") == "1c 2d");
  BOOST_TEST(pair.on_target(ids) == before);
  // A part of the group, and rows of the same transaction before and after it.
  pair.source.exec(
      "BEGIN; INSERT INTO child (v, parent) VALUES ('never', 1); TRUNCATE child, trail RESTART IDENTITY; INSERT INTO "
      "child (v, "
      "parent) VALUES ('new', 2); COMMIT; TRUNCATE trail");
  pair.bring_over();
  BOOST_TEST(list(pair, "parents") == "1a 2b");
  BOOST_TEST(list(pair, "children") == "1new");
  BOOST_TEST(list(pair, "kept") == "1k");
  BOOST_TEST(pair.counter("children", "read") == 1);
}

// reliability 133
BOOST_DATA_TEST_CASE(a_generated_column_that_becomes_an_ordinary_one_changes_nothing_of_what_is_mapped, kBothWays,
                     way) {
  const SmallPair pair(
      "CREATE TABLE item (id integer PRIMARY KEY, v text, loud text GENERATED ALWAYS AS (upper(v)) STORED)",
      "CREATE TABLE items (id uuid PRIMARY KEY, v text, loud text, legacy_id integer)",
      mapping("  - { from: item, to: items, entity: item, columns: { v: v, loud: upper(v), legacy_id: id } }\n"));
  meaning::bring(pair, way, "INSERT INTO item (id, v) VALUES (1, 'a'), (2, 'b')");
  pair.source.exec(
      "UPDATE item SET v = 'c' WHERE id = 1; ALTER TABLE item ALTER loud DROP EXPRESSION; INSERT INTO item VALUES (3, "
      "'d', "
      "'other'); UPDATE item SET loud = 'changed' WHERE id = 2; UPDATE item SET v = 'e' WHERE id = 2");
  pair.bring_over();
  BOOST_TEST(list(pair, "items") == "1c 2e 3d");
  BOOST_TEST(pair.on_target("SELECT string_agg(loud, ' ' ORDER BY legacy_id) FROM items") == "C E D");
}

// reliability 127
BOOST_AUTO_TEST_CASE(rows_that_somebody_removed_from_the_target_are_written_again_or_said_to_be_missing) {
  SmallPair pair(
      "CREATE TABLE item (id integer PRIMARY KEY, v text); INSERT INTO item SELECT i, 'v' FROM generate_series(1, 6) i;"
      "CREATE TABLE pair (id integer PRIMARY KEY, a integer); INSERT INTO pair VALUES (1, 7), (2, 7), (3, 8)",
      "CREATE TABLE items (id uuid PRIMARY KEY, v text, legacy_id integer); CREATE TABLE pairs (a integer PRIMARY KEY)",
      mapping("  - { from: pair, to: pairs, id: null, conflict: [a], columns: { a: a } }\n"
              "  - { from: item, to: items, entity: item, columns: { v: v, legacy_id: id } }\n"));
  pair.bring_over();
  pair.target.exec("DELETE FROM items WHERE legacy_id IN (1, 2, 3)");
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.source.exec(
      "UPDATE item SET v = 'w' WHERE id = 1; DELETE FROM item WHERE id IN (2, 4); DELETE FROM item WHERE id = 5; "
      "DELETE FROM pair WHERE a = 7");  // two rows of the source, one of the target
  pair.agent.wait_applied();
  BOOST_TEST(list(pair, "items") == "1w 6v");
  BOOST_TEST(pair.agent.stop() == 0);
  const std::string said = pair.agent.process().err();
  BOOST_TEST(said.find("rows to remove were not on the target route=items rows=1") != std::string::npos, said);
  BOOST_TEST(said.find("route=pairs") == std::string::npos, said);
  BOOST_TEST(pair.on_target("SELECT string_agg(a::text, ' ') FROM pairs") == "8");
  pair.require_honest();
  // A row that was not touched since is found by the comparison of a snapshot.
  pair.agent.must({"snapshot"});
  BOOST_TEST(list(pair, "items") == "1w 3v 6v");
}

// reliability 139
BOOST_AUTO_TEST_CASE(changes_that_came_from_elsewhere_are_applied_and_told) {
  SmallPair pair("CREATE TABLE item (id integer PRIMARY KEY, v text)",
                 "CREATE TABLE items (id uuid PRIMARY KEY, v text, legacy_id integer)",
                 mapping("  - { from: item, to: items, entity: item, columns: { v: v, legacy_id: id } }\n"));
  pair.source_admin.exec("ALTER DATABASE " + pair.name + " SET logical_decoding_work_mem = '64kB'");
  pair.agent.start();
  pair.agent.wait_streaming();
  tests::Sql other = pair.source_admin.session();
  other.exec("SELECT pg_replication_origin_create('" + pair.name + "_elsewhere')");
  other.exec("SELECT pg_replication_origin_session_setup('" + pair.name + "_elsewhere')");
  other.exec("INSERT INTO item VALUES (1, 'foreign')");
  pair.source.exec("INSERT INTO item VALUES (2, 'own')");
  other.exec("INSERT INTO item SELECT i, 'many' FROM generate_series(10, 3000) i");  // streamed
  pair.agent.wait_applied();
  pair.agent.process().wait_for_line("changes come to the source by replication from elsewhere.* origin=" + pair.name +
                                     "_elsewhere");
  // Transactions, not changes. The receiver's thread tells of them a moment later.
  tests::wait_until([&] { return pair.agent.status().find(pair.name + "_elsewhere\": 2") != std::string::npos; },
                    "the status to count both transactions");
  BOOST_TEST(pair.agent.stop() == 0);
  BOOST_TEST(pair.on_target("SELECT count(*) FROM items") == "2993");
  other.exec("SELECT pg_replication_origin_session_reset(); SELECT pg_replication_origin_drop('" + pair.name +
             "_elsewhere')");
}
