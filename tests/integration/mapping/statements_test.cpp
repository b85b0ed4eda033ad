#include "mapping/statement.hpp"

#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>
#include <vector>

#include "mapping/compile.hpp"
#include "mapping/target_key_text.hpp"
#include "mapping/yaml_source.hpp"
#include "tests/integration/mapping/catalogs.hpp"
#include "tests/support/cluster.hpp"

namespace {

using Cells = std::vector<std::optional<std::string>>;

// An array literal of text values.
std::string array_of(const Cells& cells) {
  std::string text = "{";
  for (const std::optional<std::string>& cell : cells) {
    if (text.size() > 1) text += ',';
    if (!cell) {
      text += "NULL";
      continue;
    }
    text += '"';
    for (const char c : *cell) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

// One server plays both databases: schema public is the target, and the source is the schema `old`.
struct Server {
  explicit Server(const std::string& schema)
      : database(cluster.database()), session(tests::agent_session(pg::Side::Target, cluster.url())) {
    database.exec("CREATE SCHEMA old; " + schema);
  }

  void compile(const std::string& routes) {
    const std::string text =
        "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\ntables: [old.*]\nroutes:\n" + routes;
    plan = mapping::compile_or_throw(mapping::parse_mapping("mapping.yaml", text), pg::read_catalog(session, {"old"}),
                                     pg::read_catalog(session, {"public"}));
  }

  // Runs a statement that takes one array per column.
  pg::Result run(const std::string& sql, const std::vector<Cells>& columns) {
    std::vector<std::string> arrays;
    for (const Cells& column : columns) arrays.push_back(array_of(column));
    const std::vector<pg::Param> params(arrays.begin(), arrays.end());
    return session.exec(sql, params);
  }

  std::string value(const std::string& sql) const { return database.query_value(sql).value_or("(null)"); }

  tests::Cluster cluster;
  tests::Database database;
  pg::Session session;
  mapping::Plan plan;
};

constexpr const char* kId = "11111111-1111-4111-8111-111111111111";
constexpr const char* kOther = "22222222-2222-4222-8222-222222222222";

}  // namespace

BOOST_AUTO_TEST_SUITE(statements)

BOOST_AUTO_TEST_CASE(a_row_is_written_when_it_is_new_and_when_it_differs_and_not_otherwise) {
  Server server(
      "CREATE TABLE old.a (id integer PRIMARY KEY, name text, amount numeric);"
      "CREATE TABLE b (id uuid PRIMARY KEY, name text, amount numeric, data json, legacy_id integer)");
  server.compile(
      "  - { from: old.a, to: b, entity: a, columns: { name: \"upper(name) -- a comment\", amount: amount,"
      " data: \"'{}'\", legacy_id: id } }\n");
  const mapping::Route& route = server.plan.routes.front();
  const auto write = [&](const std::string& name, const std::string& amount) {
    return server.run(route.write.by_arrays, {{kId}, {"7"}, {name}, {amount}}).affected_rows();
  };
  BOOST_TEST(write("anna", "1.0") == 1);
  BOOST_TEST(write("anna", "1.0") == 0);
  BOOST_TEST(write("anna", "1.00") == 1);  // equal as a number, but it reads differently
  BOOST_TEST(write("berta", "1.00") == 1);
  BOOST_TEST(server.value("SELECT concat_ws('|', id, name, amount, data, legacy_id) FROM b") ==
             std::string(kId) + "|BERTA|1.00|{}|7");
}

BOOST_AUTO_TEST_CASE(types_whose_bare_name_means_length_one_arrive_uncut) {
  Server server(
      "CREATE TABLE old.a (id integer PRIMARY KEY, code char(16), bits bit(4)); "
      "CREATE TABLE b (id uuid PRIMARY KEY, code char(16), bits bit(4))");
  server.compile("  - { from: old.a, to: b, entity: a, columns: { code: code, bits: bits } }\n");
  const mapping::Route& route = server.plan.routes.front();
  BOOST_TEST(server.run(route.write.by_arrays, {{kId}, {"7"}, {"0101010101010101"}, {"1010"}}).affected_rows() == 1U);
  BOOST_TEST(server.value("SELECT concat_ws('|', code, bits) FROM b") == "0101010101010101|1010");
}

BOOST_AUTO_TEST_CASE(the_staging_table_gives_the_same_rows_as_arrays_and_is_empty_after_the_transaction) {
  Server server(
      "CREATE TABLE old.a (id integer PRIMARY KEY, name text); CREATE TABLE b (id uuid PRIMARY KEY, name text)");
  server.compile("  - { from: old.a, to: b, entity: a, columns: { name: name || id } }\n");
  const mapping::RowStatement& write = server.plan.routes.front().write;
  server.session.exec(write.create_stage);
  server.session.exec("BEGIN");
  server.session.copy_in_begin(write.copy_stage);
  server.session.copy_in_data(std::string(kId) + "\t1\tx\n" + kOther + "\t2\t\\N\n");
  BOOST_TEST(server.session.copy_in_finish() == 2U);
  BOOST_TEST(server.session.exec(write.from_stage).affected_rows() == 2);
  server.session.exec("COMMIT");
  BOOST_TEST(server.value("SELECT string_agg(coalesce(name, 'null'), ',' ORDER BY id) FROM b") == "x1,null");
  BOOST_TEST(server.session.exec("SELECT count(*) FROM " + write.stage).text(0, 0) == "0");
}

BOOST_AUTO_TEST_CASE(joined_columns_are_seen_under_their_alias_and_those_of_many_rows_as_arrays) {
  Server server(
      "CREATE TABLE old.a (id integer PRIMARY KEY, id2 integer); "
      "CREATE TABLE old.one (id integer PRIMARY KEY, name text);"
      "CREATE TABLE old.many (id integer PRIMARY KEY, a_id integer, name text);"
      "CREATE TABLE b (id uuid PRIMARY KEY, one text, many text)");
  server.compile(
      "  - { from: old.a, to: b, entity: a, join: { one: { from: old.one, on: { id: id2 } },"
      " all: { from: old.many, on: { a_id: id }, many: true } },"
      " columns: { one: one.name, many: \"array_to_string('x'::text || \\\"all\\\".name, ',')\" } }\n");
  const mapping::Route& route = server.plan.routes.front();
  BOOST_TEST(server.run(route.write.by_arrays, {{kId, kOther}, {"1", "2"}, {"eins", {}}, {"{p,\"q r\"}", "{}"}})
                 .affected_rows() == 2);
  BOOST_TEST(server.value("SELECT string_agg(concat(one, ':', many), ';' ORDER BY id) FROM b") == "eins:x,p,q r;:x");
}

BOOST_AUTO_TEST_CASE(the_judge_tells_filtered_rows_and_missing_parents_apart) {
  Server server(
      "CREATE TABLE old.p (id integer PRIMARY KEY); CREATE TABLE old.a (id integer PRIMARY KEY, p1 integer, p2 integer,"
      " deleted boolean); CREATE TABLE p (id uuid PRIMARY KEY, n integer); CREATE TABLE b (id uuid PRIMARY KEY, p "
      "uuid)");
  server.compile(
      "  - { from: old.p, to: p, entity: p, columns: { n: id } }\n"
      "  - { from: old.a, to: b, entity: a, where: NOT deleted,"
      " columns: { p: { expr: \"coalesce(ref('p', p1), ref('p', p2))\", missing: park } } }\n");
  const mapping::Route& route = server.plan.routes[1];
  BOOST_REQUIRE(route.judge.has_value());
  BOOST_TEST(!route.judge->is_cacheable);
  BOOST_TEST(route.judge->rows.width() == 5U);
  const pg::Result verdicts = server.run(route.judge->rows.by_arrays, {{"f", "t", "f", "f", {}},
                                                                       {kId, kId, {}, {}, {}},
                                                                       {{}, {}, {}, {}, {}},
                                                                       {"f", "f", "t", "f", "f"},
                                                                       {"f", "f", "f", "f", "f"}});
  std::string text;
  for (std::size_t i = 0; i < verdicts.rows(); ++i) {
    text += std::string(verdicts.text(i, 0)) + ":" + std::string(verdicts.text(i, 1)) + " ";
  }
  // Passes; filtered; waits for column 0; both keys are NULL: passes; NULL is not true: filtered.
  BOOST_TEST(text == "1:-1 2:-2 3:0 4:-1 5:-2 ");
}

BOOST_AUTO_TEST_CASE(removing_deletes_keeps_or_sets_what_differs) {
  Server server(
      "CREATE TABLE old.a (id integer PRIMARY KEY); "
      "CREATE TABLE b (id uuid PRIMARY KEY, n integer, archived boolean, state varchar(3))");
  const auto compile_with = [&](const std::string& on_delete) {
    server.compile("  - { from: old.a, to: b, entity: a, columns: { n: id }, on_delete: " + on_delete + " }\n");
    return server.plan.routes.front().remove;
  };
  server.database.exec(std::string("INSERT INTO b VALUES ('") + kId + "', 1, false, 'new'), ('" + kOther +
                       "', 2, NULL, NULL)");
  BOOST_TEST(compile_with("keep").empty());
  const std::string set = compile_with("{ set: { archived: 'true', state: \"'old'\" } }");
  BOOST_TEST(server.run(set, {{kId}}).affected_rows() == 1);
  BOOST_TEST(server.run(set, {{kId}}).affected_rows() == 0);
  BOOST_TEST(server.value("SELECT string_agg(concat(n, archived, state), ',' ORDER BY n) FROM b") == "1told,2");
  BOOST_TEST(server.run(compile_with("delete"), {{kId, kOther}}).affected_rows() == 2);
}

BOOST_AUTO_TEST_CASE(rows_without_an_id_are_written_and_removed_by_their_conflict_columns) {
  Server server(
      "CREATE TABLE old.a (id integer PRIMARY KEY, x integer, rate numeric); "
      "CREATE TABLE b (x integer, rate numeric(5,2), n integer, PRIMARY KEY (x, rate))");
  server.compile(
      "  - { from: old.a, to: b, id: null, conflict: [x, rate], columns: { x: x, rate: rate / 100, n: 1 } }\n");
  const mapping::Route& route = server.plan.routes.front();
  BOOST_TEST(server.run(route.write.by_arrays, {{"1", "2"}, {"7", "8"}, {"1050", "2"}}).affected_rows() == 2);
  BOOST_REQUIRE(route.conflict_query.has_value());
  BOOST_TEST(route.conflict_from.empty());
  const pg::Result keys = server.run(route.conflict_query->by_arrays, {{"7", "8"}, {"1050", "2"}});
  BOOST_TEST(keys.text(0, 1) == "7");
  BOOST_TEST(keys.text(0, 2) == "10.5");  // as the column holds it, without the zeros that do not count
  BOOST_TEST(server.run(route.remove, {{"7"}, {"10.5"}}).affected_rows() == 1);
  BOOST_TEST(server.value("SELECT x FROM b") == "8");
}

// PostgreSQL itself is the judge of what is equal.
BOOST_AUTO_TEST_CASE(keys_have_one_text_where_and_only_where_they_are_equal) {
  Server server("CREATE EXTENSION citext");
  const std::vector<std::pair<std::string, std::string>> kinds = {
      {R"(pg_catalog."numeric")", "round((random() * 4 - 2)::numeric, (random() * 3)::int)"},
      {R"(pg_catalog."interval")",
       "make_interval(months => (random() * 4 - 2)::int, days => (random() * 120 - 60)::int, hours => (random() * 96 - "
       "48)::int * 12)"},
      {R"(pg_catalog."float8")", "(ARRAY['-0', '0', 'NaN', '-Infinity', '0.1', '1e-300'])[1 + i % 6]::float8"},
      {R"(pg_catalog."float4")", "(ARRAY['-0', '0', 'NaN', '-Infinity', '0.1', '1e-30'])[1 + i % 6]::float4"},
      {R"(pg_catalog."bpchar")", "(repeat('a', i % 3) || repeat(' ', i % 5))::bpchar"},
      {R"("public"."citext")", "(ARRAY['straße', 'STRASSE', 'STRAßE', 'É', 'é', 'e', ''])[1 + i % 7]::citext"},
      {R"(pg_catalog."bool")", "i % 2 = 0"},
      {R"(pg_catalog."inet")", "(ARRAY['10.0.0.1', '10.0.0.1/32', '10.0.0.1/8', '::1'])[1 + i % 4]::inet"},
  };
  for (const auto& [type, value] : kinds) {
    server.database.exec("CREATE TABLE v AS SELECT i, " + value + " AS v FROM generate_series(1, 400) i");
    const std::string one = mapping::target_key_text(type, "a.v");
    const std::string other = mapping::target_key_text(type, "b.v");
    const std::string pairs = "SELECT count(*) FROM v a JOIN v b ON b.i > a.i WHERE ";
    BOOST_TEST(server.value(pairs + "(a.v = b.v) <> (" + one + " = " + other + ")") == "0", type);
    BOOST_TEST(server.value(pairs + "a.v = b.v") != "0", type);
    // The text is one of the same value.
    BOOST_TEST(server.value("SELECT count(*) FROM v a WHERE NOT " +
                            mapping::equal_keys(type, "a.v", "(" + one + ")::" + type)) == "0",
               type);
    server.database.exec("DROP TABLE v");
  }
}

BOOST_AUTO_TEST_CASE(a_route_whose_columns_are_all_key_leaves_existing_rows_alone) {
  Server server(
      "CREATE TABLE old.a (id integer PRIMARY KEY, x integer, y integer); "
      "CREATE TABLE b (x integer, y integer, PRIMARY KEY (x, y))");
  server.compile("  - { from: old.a, to: b, id: null, conflict: [x, y], columns: { x: x, y: y } }\n");
  const mapping::Route& route = server.plan.routes.front();
  BOOST_TEST(route.conflict_from.size() == 2U);
  BOOST_TEST(!route.conflict_query.has_value());
  BOOST_TEST(server.run(route.write.by_arrays, {{"1"}, {"2"}, {"3"}}).affected_rows() == 1);
  BOOST_TEST(server.run(route.write.by_arrays, {{"1"}, {"2"}, {"3"}}).affected_rows() == 0);
}

BOOST_AUTO_TEST_CASE(an_identity_column_is_inserted_and_left_alone_afterwards) {
  Server server(
      "CREATE TABLE old.a (id integer PRIMARY KEY, name text); CREATE TABLE b (id uuid PRIMARY KEY,"
      " number integer GENERATED ALWAYS AS IDENTITY, name text)");
  server.compile("  - { from: old.a, to: b, entity: a, columns: { number: id, name: name } }\n");
  const mapping::Route& route = server.plan.routes.front();
  BOOST_TEST(server.run(route.write.by_arrays, {{kId}, {"41"}, {"x"}}).affected_rows() == 1);
  BOOST_TEST(server.run(route.write.by_arrays, {{kId}, {"41"}, {"y"}}).affected_rows() == 1);
  BOOST_TEST(server.value("SELECT concat(number, name) FROM b") == "41y");
}

BOOST_AUTO_TEST_CASE(probes_let_the_server_refuse_what_does_not_fit) {
  Server server(
      "CREATE TABLE old.a (id integer PRIMARY KEY, name text); "
      "CREATE TABLE b (id uuid PRIMARY KEY, good text, data jsonb, typo text)");
  server.compile(
      "  - { from: old.a, to: b, entity: a, where: name, "
      "columns: { good: name, data: name, typo: nmae } }\n");
  const mapping::Route& route = server.plan.routes.front();
  const auto is_refused = [&](const std::string& sql) {
    try {
      (void)server.session.describe(sql);
      return false;
    } catch (const core::Error&) {
      return true;
    }
  };
  BOOST_TEST(!is_refused(mapping::probe_column(server.plan, route, 0)));
  BOOST_TEST(is_refused(mapping::probe_column(server.plan, route, 1)));
  BOOST_TEST(is_refused(mapping::probe_column(server.plan, route, 2)));
  BOOST_TEST(is_refused(mapping::probe_where(server.plan, route)));
}

// `agent check` refuses such functions; one may become such while the agent runs.
BOOST_AUTO_TEST_CASE(no_statement_takes_what_makes_more_or_fewer_rows_of_one) {
  Server server(
      "CREATE TABLE old.a (id integer PRIMARY KEY, name text); "
      "CREATE TABLE b (id uuid PRIMARY KEY, name text, gone text, num integer); "
      "CREATE TABLE c (name text PRIMARY KEY, id integer); "
      "CREATE FUNCTION part(text) RETURNS SETOF text IMMUTABLE LANGUAGE sql AS 'SELECT $1 WHERE $1 <> '''''");
  server.compile(
      "  - { from: old.a, to: b, entity: a, columns: { name: part(name), num: id }, "
      "on_delete: { set: { gone: \"part('x')\" } } }\n"
      "  - { from: old.a, to: c, id: null, conflict: [name], columns: { name: part(name), id: id } }\n");
  const mapping::Route& by_id = server.plan.routes.front();
  const mapping::Route& by_key = server.plan.routes.back();
  const auto is_refused = [&](const std::string& sql) {
    try {
      (void)server.session.describe(sql);
      return false;
    } catch (const core::Error& error) {
      return error.sqlstate() == "0A000";
    }
  };
  BOOST_TEST(is_refused(by_id.write.by_arrays));
  BOOST_TEST(is_refused(by_id.compare.by_arrays));
  BOOST_TEST(is_refused(by_id.remove));
  BOOST_TEST(is_refused(by_key.conflict_query.value().by_arrays));
  BOOST_TEST(is_refused(by_key.find.by_arrays));
}

BOOST_AUTO_TEST_SUITE_END()
