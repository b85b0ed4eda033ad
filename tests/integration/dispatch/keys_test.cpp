// Primary keys of every kind: what the source takes for another value is another row, by the snapshot as by the stream.
#include <fmt/format.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "tests/integration/dispatch/way.hpp"

BOOST_AUTO_TEST_SUITE(keys)

namespace {

using meaning::kBothWays;
using meaning::Way;

/// A kind of key, in SQL: values that differ, and what the first one is changed into: one that the source takes for equal, where it can.
struct KeyKind {
  std::string name;
  std::string type;
  std::vector<std::string> values;
  std::string changed;
  std::string many = {};  ///< of i: enough other values for several chunks
};

const std::vector<KeyKind> kKinds = {
    {"smallints", "smallint", {"0", "-1", "32767", "-32768", "7", "100"}, "1", "i + 200"},
    {"bigints",
     "bigint",
     {"0", "9223372036854775807", "-9223372036854775808", "-1", "42", "4294967296"},
     "1",
     "(i - 450) * 10000000000000"},
    {"texts",
     "text",
     {"'a'", "'a '", "' a'", "'A'", "''", "'é'", "E'\\n\\\\\\t'", "'a,b'", "'NULL'"},
     "'b'",
     "chr(13 + i) || 'x'"},
    {"varchars", "varchar(10)", {"'a'", "'a  '", "'ä'", "'Z'", "'😀'", "'z'"}, "'b'", "chr(13 + i) || ' '"},
    {"folded", "citext", {"'abc'", "'Abd'", "'X'", "'y'", "'É'", "''"}, "'ABC'"},
    {"collated", "text COLLATE ci", {"'abc'", "'Abd'", "'X'", "'y'", "'É'", "''"}, "'ABC'"},
    {"padded", "char(6)", {"'a'", "'b '", "'abcdef'", "''", "'ä'", "E'a\\t'"}, "'a   '", "E'\\t' || i"},
    {"numerics", "numeric", {"1.0", "2.00", "-3", "1e20", "0.000", "'NaN'", "'Infinity'", "1e-20"}, "1.00"},
    {"floats", "float8", {"'-0'", "'NaN'", "'-Infinity'", "0.1", "1e300", "1e-300"}, "'0'"},
    {"uuids",
     "uuid",
     {"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "'{00000000000000000000000000000000}'",
      "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "'10000000-0000-0000-0000-000000000000'"},
     "'20000000-0000-0000-0000-000000000000'",
     "md5(i::text)::uuid"},
    {"dates",
     "date",
     {"'2020-02-29'", "'infinity'", "'-infinity'", "'0044-03-15 BC'", "'20000-01-01'"},
     "'1999-12-31'"},
    {"moments",
     "timestamptz",
     {"'2020-01-01 00:00:00.000001+00'", "'infinity'", "'-infinity'", "'2020-07-01 12:00:00 Europe/Berlin'",
      "'0001-01-01 BC'"},
     "'2020-01-01 00:00:00.000002+00'"},
    {"spans", "interval", {"'24:00:00'", "'1 mon'", "'-1 year 2 days'", "'0'", "'1 us'"}, "'1 day'"},
    {"flags", "boolean", {"true", "false"}, ""},
    {"bytes", "bytea", {"'\\x'", "'\\x00'", "'\\xff'", "'\\x0001'", "'\\x5c78'"}, "'\\x01'"},
    {"hosts", "inet", {"'10.0.0.1'", "'10.0.0.1/8'", "'::1'", "'0.0.0.0/0'"}, "'10.0.0.2'"},
    {"moods", "mood", {"'sad'", "'ok'", "'very happy'"}, "'so so'"},
    {"domains", "positive", {"1", "2", "300"}, "4"},
    {"words", "word", {"'a'", "'b'", "'c d'"}, "'e'"},
    {"composites",
     "pair",
     {"ROW(1, 'x')::pair", "ROW(1, NULL)::pair", "ROW(NULL, 'a,\"b')::pair", "ROW(2, '')::pair"},
     "ROW(1, 'y')::pair"},
    {"ranges", "int4range", {"'[1,3]'", "'empty'", "'(,5)'", "'[7,)'"}, "'[1,4]'"},
    {"lists", "text[]", {"'{a,b}'", "'{\"a,b\"}'", "'{}'", "'{NULL}'", "'{\"NULL\"}'", "'{{a},{b}}'"}, "'{c}'"},
};

std::string each(const std::string& pattern) {
  std::string text;
  for (const KeyKind& kind : kKinds)
    text += fmt::format(fmt::runtime(pattern), fmt::arg("name", kind.name), fmt::arg("type", kind.type),
                        fmt::arg("first", kind.values[0]), fmt::arg("second", kind.values[1]),
                        fmt::arg("changed", kind.changed.empty() ? kind.values[0] : kind.changed));
  return text;
}

std::string rows() {
  std::string sql;
  for (const KeyKind& kind : kKinds) {
    for (std::size_t i = 0; i < kind.values.size(); ++i) {
      sql += fmt::format("INSERT INTO {0} VALUES ({1}, 'row {2}'); INSERT INTO child_{0} VALUES ({2}, {1});", kind.name,
                         kind.values[i], i);
    }
    sql += fmt::format("INSERT INTO child_{} VALUES (99, NULL);", kind.name);
    if (!kind.many.empty())
      sql += fmt::format("INSERT INTO {} SELECT {} FROM generate_series(150, 400) i;", kind.name, kind.many);
  }
  return sql;
}

std::string source_schema() {
  return each(
      "CREATE TABLE {name} (k {type} PRIMARY KEY, v text); CREATE TABLE child_{name} (id integer PRIMARY KEY, k "
      "{type});");
}

std::string target_schema() {
  return each(
      "CREATE TABLE {name} (id uuid PRIMARY KEY, k text, v text);"
      "CREATE TABLE child_{name} (id uuid PRIMARY KEY, parent_id uuid REFERENCES {name}, legacy_id integer);");
}

std::string mapping() {
  return "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n" +
         each(
             "  - {{ from: {name}, to: {name}, entity: {name}, columns: {{ k: \"k::text\", v: v }} }}\n"
             "  - {{ from: child_{name}, to: child_{name}, entity: child_{name}, columns: {{ parent_id: "
             "\"ref('{name}', k)\", "
             "legacy_id: id }} }}\n");
}

/// A small pair with the types before the tables.
struct Keyed : tests::SmallPair {
  Keyed() : SmallPair("", target_schema(), mapping()) {
    source_admin.exec(
        "CREATE EXTENSION citext; CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = "
        "false);"
        "CREATE TYPE mood AS ENUM ('sad', 'ok', 'so so', 'very happy'); CREATE DOMAIN positive AS integer CHECK (VALUE "
        "> 0);"
        "CREATE DOMAIN word AS text; CREATE TYPE pair AS (a integer, b text);"
        "CREATE SCHEMA oracle; CREATE EXTENSION \"uuid-ossp\" SCHEMA oracle; GRANT USAGE ON SCHEMA oracle TO dispatch;"
        // Of the key as the server prints it, which is not always its cast to text.
        "CREATE FUNCTION oracle.uuid(entity text, key anyelement) RETURNS uuid LANGUAGE sql STABLE AS "
        "$$ SELECT oracle.uuid_generate_v5('6ba7b811-9dad-11d1-80b4-00c04fd430c8', format('%s:%s', entity, key)) $$");
    source.exec(source_schema());
    agent.options().chunk_rows = 100;
    agent.configure();
  }

  void expect_equal() const {
    for (const KeyKind& kind : kKinds) {
      const auto on = [&](const tests::Database& side, const std::string& sql) {
        tests::Sql session = side.session();
        session.exec("SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'");
        return tests::as_text(session.query_rows(sql));
      };
      const std::string expected =
          on(source_admin,
             fmt::format(
                 "SELECT oracle.uuid('{0}', k), k::text, v FROM {0} UNION ALL SELECT oracle.uuid('child_{0}', c.id), "
                 "oracle.uuid('{0}', c.k)::text, NULL FROM child_{0} c WHERE NOT (k IS NULL) AND EXISTS (SELECT FROM "
                 "{0} t "
                 "WHERE format('%s', t.k) COLLATE \"C\" = format('%s', c.k) COLLATE \"C\") UNION ALL SELECT "
                 "oracle.uuid('child_{0}', id), NULL, NULL "
                 "FROM child_{0} WHERE k IS NULL ORDER BY 1",
                 kind.name));
      const std::string actual =
          on(target_admin, fmt::format("SELECT id, k, v FROM {0} UNION ALL SELECT id, parent_id::text, NULL FROM "
                                       "child_{0} ORDER BY 1",
                                       kind.name));
      BOOST_TEST(expected.size() > 50U);
      BOOST_TEST((expected == actual), kind.name << " differ:" << tests::differing_lines(expected, actual));
    }
    BOOST_TEST(on_target("SELECT count(*) FROM dispatch_sync.quarantine") == "0");
  }
};

}  // namespace

// reliability 56, 72, 113
BOOST_DATA_TEST_CASE(keys_of_every_kind_are_told_apart_as_the_source_does, kBothWays, way) {
  Keyed pair;
  meaning::bring(pair, way, rows());
  pair.expect_equal();
  pair.source.exec(each("UPDATE {name} SET v = v || '!';"));
  pair.bring_over();
  pair.expect_equal();
  // Children of a value in other letters wait for their parent.
  pair.source.exec(each("UPDATE {name} SET k = {changed} WHERE k = {first};"));
  pair.bring_over();
  pair.expect_equal();
  BOOST_TEST(pair.counter("child_folded", "parked") == 1);
  pair.source.exec(each("UPDATE {name} SET k = {first} WHERE k = {changed}; DELETE FROM {name} WHERE k = {second};"));
  pair.bring_over();
  pair.expect_equal();
  BOOST_TEST(pair.counter("child_folded", "parked") == 1);
  pair.source.exec(each("INSERT INTO {name} VALUES ({second}, 'again');"));
  pair.bring_over();
  pair.expect_equal();
  BOOST_TEST(pair.counter("child_folded", "parked") == 0);
  // Compared once more, chunk by chunk, nothing is taken for gone.
  pair.agent.must({"snapshot"});
  pair.expect_equal();
}

// reliability 56, 79: both would be of the entity's key "a,b,c"
BOOST_DATA_TEST_CASE(a_composite_key_that_could_be_taken_for_another_is_refused, kBothWays, way) {
  tests::SmallPair pair("CREATE TABLE part (a text, b text, v text, PRIMARY KEY (a, b))",
                        "CREATE TABLE parts (id uuid PRIMARY KEY, v text)",
                        "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n"
                        "  - { from: part, to: parts, entity: part, columns: { v: v } }\n");
  meaning::bring(pair, way,
                 "INSERT INTO part VALUES ('a,b', 'c', 'ambiguous'), ('a', 'b,c', 'clear'), ('x', 'y', 'plain')");
  BOOST_TEST(pair.on_target("SELECT string_agg(v, ' ' ORDER BY v) FROM parts") == "clear plain");
  BOOST_TEST(pair.counter("parts", "quarantined") == 1);
  pair.source.exec("DELETE FROM part WHERE v = 'ambiguous'");
  pair.bring_over();
  BOOST_TEST(pair.on_target("SELECT string_agg(v, ' ' ORDER BY v) FROM parts") == "clear plain");
  BOOST_TEST(pair.counter("parts", "quarantined") == 0);
}

// reliability 56
BOOST_DATA_TEST_CASE(tables_of_every_size_are_copied_exactly, kBothWays, way) {
  tests::SmallPair pair(
      "CREATE TABLE none (id integer PRIMARY KEY, u integer UNIQUE, v text); CREATE TABLE one (LIKE none INCLUDING "
      "ALL);"
      "CREATE TABLE gaps (LIKE none INCLUDING ALL); CREATE TABLE full_chunks (LIKE none INCLUDING ALL);"
      "CREATE TABLE two (a bigint, b smallint, v text, PRIMARY KEY (b, a))",
      "CREATE TABLE none (id uuid PRIMARY KEY, u integer UNIQUE, v text, legacy_id integer); CREATE TABLE one (LIKE "
      "none);"
      "CREATE TABLE gaps (LIKE none INCLUDING ALL); CREATE TABLE full_chunks (LIKE none INCLUDING ALL);"
      "CREATE TABLE two (id uuid PRIMARY KEY, a bigint, b smallint, v text); ALTER TABLE one ADD PRIMARY KEY (id)",
      "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n"
      "  - { from: none, to: none, entity: none, columns: { u: u, v: v, legacy_id: id } }\n"
      "  - { from: one, to: one, entity: one, columns: { u: u, v: v, legacy_id: id } }\n"
      "  - { from: gaps, to: gaps, entity: gap, columns: { u: u, v: v, legacy_id: id } }\n"
      "  - { from: full_chunks, to: full_chunks, entity: full, columns: { u: u, v: v, legacy_id: id } }\n"
      "  - { from: two, to: two, entity: two, columns: { a: a, b: b, v: v } }\n");
  pair.agent.options().chunk_rows = 100;
  pair.agent.configure();
  meaning::bring(
      pair, way,
      "INSERT INTO one VALUES (-5, NULL, 'one');"
      "INSERT INTO gaps SELECT i, CASE WHEN i % 3 = 0 THEN i END, 'gap ' || i FROM generate_series(-1000000, "
      "1000000, 8888) i; INSERT INTO gaps VALUES (2147483647), (-2147483648);"
      "INSERT INTO full_chunks SELECT i FROM generate_series(1, 300) i;"
      "INSERT INTO two SELECT (i - 20)::bigint * 461168601842738790, i % 4 - 2, 'two ' || i FROM "
      "generate_series(1, 39) i; INSERT INTO two VALUES (9223372036854775807, 32767), (-9223372036854775808, -32768)");
  for (const std::string table : {"none", "one", "gaps", "full_chunks"}) {
    const std::string order = " ORDER BY 1";
    BOOST_TEST(tests::as_text(pair.source.query_rows("SELECT id, u, v FROM " + table + order)) ==
               tests::as_text(pair.target.query_rows("SELECT legacy_id, u, v FROM " + table + order)));
  }
  BOOST_TEST(tests::as_text(pair.source.query_rows("SELECT a, b, v FROM two ORDER BY 1, 2")) ==
             tests::as_text(pair.target.query_rows("SELECT a, b, v FROM two ORDER BY 1, 2")));
  BOOST_TEST(pair.counter("none", "read") == 0);
  BOOST_TEST(pair.counter("two", "applied") == 41);
}

// reliability 79
BOOST_AUTO_TEST_CASE(keys_whose_owner_has_no_row_are_named_and_the_remedy_brings_them) {
  const std::string merged = "10000000-0000-0000-0000-000000000000";
  tests::SmallPair pair(
      "CREATE TABLE item (id integer PRIMARY KEY, v text); INSERT INTO item VALUES (8, 'eight'), (9, 'nine')",
      "CREATE TABLE items (id uuid PRIMARY KEY, v text); CREATE TABLE earlier (key integer, id uuid);"
      "INSERT INTO earlier SELECT i, '" +
          merged + "' FROM generate_series(7, 9) i",
      "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\n"
      "entities: { item: { adopt: \"SELECT key, id FROM earlier\" } }\nroutes:\n"
      "  - { from: item, to: items, entity: item, columns: { v: v } }\n");
  const std::string said = pair.agent.command({"snapshot"}).err;
  BOOST_TEST(said.find("has no row on the source entity=item rows=2 key=8 owner=7") != std::string::npos, said);
  BOOST_TEST(pair.on_target("SELECT count(*) FROM items") == "0");
  BOOST_TEST(pair.counter("items", "filtered") == 2);
  pair.target.exec(
      "DELETE FROM earlier WHERE key = 7; DELETE FROM dispatch_sync.stored_mappings WHERE legacy_key = '7'");
  const std::string mended = pair.agent.command({"snapshot"}).err;
  BOOST_TEST(mended.find("has no row on the source") == std::string::npos, mended);
  BOOST_TEST(pair.on_target("SELECT id || ' ' || v FROM items") == merged + " eight");
}

// reliability 79
BOOST_AUTO_TEST_CASE(a_row_that_refers_to_a_key_merged_into_its_own_is_its_own_parent) {
  const std::string merged = "10000000-0000-0000-0000-000000000000";
  tests::SmallPair pair(
      "CREATE TABLE item (id integer PRIMARY KEY, main integer NOT NULL);"
      "INSERT INTO item VALUES (7, 8), (8, 8)",
      "CREATE TABLE items (id uuid PRIMARY KEY, main uuid NOT NULL REFERENCES items); CREATE TABLE earlier (key "
      "integer, "
      "id uuid); INSERT INTO earlier SELECT i, '" +
          merged + "' FROM generate_series(7, 8) i",
      "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\n"
      "entities: { item: { adopt: \"SELECT key, id FROM earlier\" } }\nroutes:\n"
      "  - { from: item, to: items, entity: item, columns: { main: \"ref('item', main)\" } }\n");
  pair.bring_over();
  BOOST_TEST(pair.on_target("SELECT id || ' ' || main FROM items") == merged + " " + merged);
  BOOST_TEST(pair.counter("items", "parked") == 0);
  BOOST_TEST(pair.counter("items", "filtered") == 1);
}

BOOST_AUTO_TEST_SUITE_END()
