// Values that are easily lost on the way: they arrive as they are, or their row is refused, by the snapshot as by the stream.
#include <fmt/format.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/integration/dispatch/way.hpp"

namespace {

using meaning::kBothWays;
using meaning::Way;

/// What a query says, under settings that the test's own session has on either side.
std::string said(const tests::Database& side, const std::string& sql) {
  tests::Sql session = side.session();
  session.exec(
      "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 3;"
      "SET bytea_output = 'hex'; SET client_encoding = 'UTF8'; SET standard_conforming_strings = on");
  return tests::as_text(session.query_rows(sql));
}

std::string refused(const tests::SmallPair& pair, const std::string& route) {
  return pair.on_target(
      "SELECT string_agg(legacy_key || ' ' || sqlstate, ', ' ORDER BY legacy_key::integer) FROM "
      "dispatch_sync.quarantine "
      "WHERE resolved_at IS NULL AND route = '" +
      route + "'");
}

const std::string kTypes = R"sql(
CREATE EXTENSION citext; CREATE EXTENSION hstore;
CREATE TYPE mood AS ENUM ('sad', 'very happy');
CREATE TYPE pair AS (a integer, b text);
CREATE TYPE nested AS (p pair, l text[]);
CREATE TYPE span AS RANGE (subtype = float8);
CREATE DOMAIN percent AS numeric(5, 2) CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN words AS text[];
CREATE DOMAIN name AS citext NOT NULL;
)sql";

const std::string kColumns =
    "folded citext, store hstore, feeling mood, two pair, deep nested, width span, share percent, list words, called "
    "public.name, "
    "ints int4range, numbers numrange, moments tstzrange, many int4multirange, pairs pair[], stores hstore[], feelings "
    "mood[]";

const std::string kSettings[] = {"DateStyle = 'SQL, DMY'",
                                 "IntervalStyle = 'sql_standard'",
                                 "TimeZone = 'Asia/Kathmandu'",
                                 "extra_float_digits = '-15'",
                                 "bytea_output = 'escape'",
                                 "standard_conforming_strings = 'off'",
                                 "client_encoding = 'LATIN1'",
                                 "xmloption = 'document'",
                                 "array_nulls = 'off'",
                                 "transform_null_equals = 'on'",
                                 "default_transaction_isolation = 'serializable'"};

}  // namespace

// reliability 87
BOOST_DATA_TEST_CASE(json_arrives_as_it_is_or_its_row_is_refused, kBothWays, way) {
  tests::SmallPair pair(
      "CREATE TABLE doc (id integer PRIMARY KEY, j json, b jsonb, t text)",
      "CREATE TABLE docs (id uuid PRIMARY KEY, j json, b jsonb, legacy_id integer);"
      "CREATE TABLE converted (id uuid PRIMARY KEY, b jsonb, legacy_id integer);"
      "CREATE TABLE parsed (id uuid PRIMARY KEY, b jsonb, legacy_id integer);"
      "CREATE TABLE numbers (id uuid PRIMARY KEY, n numeric, legacy_id integer)",
      "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n"
      "  - { from: doc, to: docs, entity: doc, columns: { j: j, b: b, legacy_id: id } }\n"
      "  - { from: doc, to: converted, entity: converted, columns: { b: \"j::jsonb\", legacy_id: id } }\n"
      "  - { from: doc, to: parsed, entity: parsed, columns: { b: \"t::jsonb\", legacy_id: id } }\n"
      "  - { from: doc, to: numbers, entity: number, columns: { n: \"(b ->> 'n')::numeric\", legacy_id: id } }\n");
  pair.agent.options().max_quarantine = "100%";
  pair.agent.configure();
  meaning::bring(pair, way, R"sql(INSERT INTO doc VALUES
      (1, '{"n": 9007199254740993, "a": 1, "a":2}', '{"n": 9007199254740993}', '{"n": 9007199254740993}'),
      (2, '{"n":1e400}', '{"n": 1e400}', '[1e-400]'),
      (3, '"nul \u0000"', '"\\u0000"', '"nul \u0000"'),
      (4, '"lone \ud800"', '"\ud83d\ude00"', '"lone \udc00 after"'),
      (5, NULL, NULL, '{"open": '), (6, 'null', 'null', 'null'), (7, '[]', '{}', ''),
      (8, '"\u00e9\/\t"', '"\u00e9\/\t\\"', E'"tab\tin it"'),
      (9, '{"n": 12345678901234567890.12345678901234567890}', '{"n": 12345678901234567890.12345678901234567890}', 'NaN'),
      (10, '{"z":1,"a":{"b":[null,true,-0.0,1.50]}}', '{"z":1,"a":{"b":[null,true,-0.0,1.50]}}', '1 2'))sql");
  const auto expect_equal = [&] {
    BOOST_TEST(said(pair.source, "SELECT id, j, b FROM doc ORDER BY id") ==
               said(pair.target, "SELECT legacy_id, j, b FROM docs ORDER BY legacy_id"));
    BOOST_TEST(said(pair.source, "SELECT id, j::jsonb FROM doc WHERE id NOT IN (3, 4) ORDER BY id") ==
               said(pair.target, "SELECT legacy_id, b FROM converted ORDER BY legacy_id"));
    BOOST_TEST(said(pair.source, "SELECT id, t::jsonb FROM doc WHERE id IN (1, 2, 6) ORDER BY id") ==
               said(pair.target, "SELECT legacy_id, b FROM parsed ORDER BY legacy_id"));
    BOOST_TEST(said(pair.source, "SELECT id, b -> 'n' FROM doc WHERE b ? 'n' ORDER BY id") ==
               said(pair.target, "SELECT legacy_id, n FROM numbers WHERE n IS NOT NULL ORDER BY legacy_id"));
    BOOST_TEST(refused(pair, "docs") == "");
    BOOST_TEST(refused(pair, "converted") == "3 22P05, 4 22P02");
    BOOST_TEST(refused(pair, "parsed") == "3 22P05, 4 22P02, 5 22P02, 7 22P02, 8 22P02, 9 22P02, 10 22P02");
  };
  expect_equal();
  BOOST_TEST(pair.counter("parsed", "applied") == 3);
  // The other values of the row go on.
  pair.source.exec("UPDATE doc SET b = b || '{\"n\": 9007199254740995}' WHERE jsonb_typeof(b) = 'object'");
  pair.bring_over();
  expect_equal();
}

// reliability 113
BOOST_DATA_TEST_CASE(values_of_types_that_databases_define_arrive_as_they_are, kBothWays, way) {
  tests::SmallPair pair("", "", "");
  pair.source_admin.exec(kTypes);
  pair.target_admin.exec(kTypes);
  pair.source.exec("CREATE TABLE thing (id integer PRIMARY KEY, " + kColumns + ")");
  pair.target.exec("CREATE TABLE things (id uuid PRIMARY KEY, legacy_id integer, " + kColumns + ")");
  // What is not built in arrives as text.
  const std::string columns =
      "      folded: folded::citext\n      store: store::hstore\n      feeling: feeling::mood\n      two: two::pair\n"
      "      deep: deep::nested\n      width: width::span\n      share: share\n      list: list\n      called: "
      "called::citext\n"
      "      ints: ints\n      numbers: numbers\n      moments: moments\n      many: many\n      pairs: pairs::pair[]\n"
      "      stores: stores::hstore[]\n      feelings: feelings::mood[]\n";
  pair.agent.options().mapping =
      "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n  - from: thing\n    to: things\n    "
      "entity: thing\n"
      "    columns:\n      legacy_id: id\n" +
      columns;
  pair.agent.configure();
  meaning::bring(pair, way, R"sql(INSERT INTO thing VALUES
      (1, 'Straight', 'a=>1, "b c"=>NULL, "q\"uote"=>"\\"', 'very happy', ROW(1, 'x,"(y)'), ROW(ROW(NULL, ''), '{a,NULL,"NULL"}'),
       '(0.1,Infinity]', 99.99, '{"a b",NULL,""}', 'Ann', '[1,5]', '[NaN,NaN]', '[2020-01-01 00:00+00,infinity)', '{[1,3),[7,9)}',
       ARRAY[ROW(1, NULL)::pair, NULL, ROW(NULL, '{}')::pair], ARRAY['a=>"{}"'::hstore, NULL], '{sad,"very happy"}'),
      (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (3, '', '', 'sad', ROW(NULL, NULL), ROW(NULL, NULL), 'empty', 0, '{}', E'new\nline', 'empty', '(,)', '(-infinity,]', '{}', '{}', '{}', '{}'),
      (4, 'ﬀ', 'k=>v', 'sad', ROW(-2147483648, E'\\'), NULL, '[-0,0]', 100, '[5:6]={x,y}', 'ß', '(,5)', '(1.10,1.100]', 'empty', '{(,)}',
       '[0:0]={"(3,b)"}', NULL, NULL))sql");
  const auto expect_equal = [&] {
    const std::string list =
        "folded, store, feeling, two, deep, width, share, list, called, ints, numbers, moments, many, pairs, stores, "
        "feelings";
    BOOST_TEST(said(pair.source, "SELECT id, " + list + " FROM thing ORDER BY id") ==
               said(pair.target, "SELECT legacy_id, " + list + " FROM things ORDER BY legacy_id"));
    BOOST_TEST(pair.on_target("SELECT count(*) FROM dispatch_sync.quarantine") == "0");
  };
  expect_equal();
  // Equal for the types, and yet others.
  pair.source.exec(
      "UPDATE thing SET folded = upper(folded::text)::citext, called = 'ANN' WHERE id = 1; UPDATE thing SET numbers = "
      "'(1.1,1.10]', store = store || 'n=>NULL', two.b = 'changed' WHERE id = 4; UPDATE thing SET deep = ROW(ROW(1, "
      "'a'), NULL) "
      "WHERE id = 2");
  pair.bring_over();
  expect_equal();
  BOOST_TEST(pair.on_target("SELECT folded || ' ' || called FROM things WHERE legacy_id = 1") == "STRAIGHT ANN");
}

// reliability 86, 87
BOOST_DATA_TEST_CASE(odd_settings_of_roles_and_databases_change_no_value, kBothWays, way) {
  const std::string types =
      "at timestamptz, at_local timestamp, day date, daily timetz, span interval, f8 float8, f4 float4, raw bytea, t "
      "text, x xml, "
      "spans interval[], days daterange, b jsonb";
  tests::SmallPair pair(
      "CREATE TABLE thing (id integer PRIMARY KEY, " + types + ")",
      "CREATE TABLE things (id uuid PRIMARY KEY, legacy_id integer, " + types + ")",
      "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n"
      "  - { from: thing, to: things, entity: thing, columns: { legacy_id: id, at: at, at_local: at_local, day: day, "
      "daily: daily, span: span, f8: f8, f4: f4, raw: raw, t: t, x: x, spans: spans, days: days, b: b } }\n");
  for (const std::string& setting : kSettings) {
    const std::string name = setting.substr(0, setting.find(' '));
    pair.source_admin.exec("ALTER DATABASE " + pair.name + " SET " + setting);
    pair.source_admin.exec("ALTER ROLE dispatch_sync IN DATABASE " + pair.name + " SET " + setting);
    pair.target_admin.exec("ALTER DATABASE " + pair.name + " SET " + setting);
    pair.target_admin.exec("ALTER ROLE postgres IN DATABASE " + pair.name + " SET " + setting);
    // Who writes for this test is not to be understood otherwise.
    const std::string usual =
        pair.source_admin.query_value("SELECT boot_val FROM pg_settings WHERE lower(name) = lower('" + name + "')")
            .value();
    pair.source_admin.exec("ALTER ROLE dispatch IN DATABASE " + pair.name + " SET " + name + " = '" + usual + "'");
  }
  pair.source_admin.exec("ALTER ROLE dispatch IN DATABASE " + pair.name + " SET client_encoding = 'UTF8'");
  meaning::bring(pair, way, R"sql(INSERT INTO thing VALUES
      (1, '2020-02-03 04:05:06.789+00', '2020-02-03 04:05:06.789', '2020-02-03', '04:05:06+05:45', '1 year -2 mons +3 days -04:05:06.7',
       0.1, 0.1, '\x005c27ff', 'back\slash ''quote'' é €', '<a>é</a> text', '{"-1 days","1 mon -1 day"}', '[2020-02-03,2020-04-05)', '"\u20ac"'),
      (2, '0044-03-15 12:00:00+00 BC', '-infinity', '20000-12-13', '24:00:00-12', '-1 day +00:00:01', 1.7976931348623157e308,
       3.4028235e38, '', '', '', '{}', 'empty', '{}'),
      (3, 'infinity', 'infinity', 'infinity', '00:00:00.000001+00', '-178000000 years', '-0', 'NaN', '\x5c5c', E'\n\t\\N', '<b/>',
       '{NULL}', '(,)', 'null'),
      (4, '2020-10-25 02:30:00+01', '2020-03-29 02:30:00', '2020-03-04', '12:00+00', '-00:00:01', 1e-308, 1e-45, 'abc', '日本 😀', '&lt;',
       '{00:00:01}', '[infinity,)', '1e5'))sql");
  const auto expect_equal = [&] {
    const std::string list = "at, at_local, day, daily, span, f8, f4, raw, t, x, spans, days, b";
    BOOST_TEST(said(pair.source, "SELECT id, " + list + " FROM thing ORDER BY id") ==
               said(pair.target, "SELECT legacy_id, " + list + " FROM things ORDER BY legacy_id"));
    BOOST_TEST(pair.on_target("SELECT count(*) FROM dispatch_sync.quarantine") == "0");
  };
  expect_equal();
  pair.source.exec(
      "UPDATE thing SET at = at + '1 us'::interval, t = t || E'\\\\\\'é', raw = raw || '\\x00', span = span * 2 WHERE "
      "id IN (1, 4)");
  pair.bring_over();
  expect_equal();
}
