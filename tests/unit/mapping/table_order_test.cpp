#include "mapping/table_order.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <string>
#include <vector>

#include "mapping/compile.hpp"
#include "mapping/yaml_source.hpp"
#include "tests/unit/mapping/catalog_builder.hpp"

namespace {

using tests::TableBuilder;

// Source tables a, b, c with columns id, x, y; target tables ta, tb, tc with columns id, x, y.
mapping::Plan plan_of(const std::string& routes, const std::vector<std::pair<std::string, std::string>>& keys = {}) {
  std::vector<TableBuilder> sources;
  std::vector<TableBuilder> targets;
  for (const std::string name : {"a", "b", "c"}) {
    sources.push_back(tests::table(name).key("id int4").has("x int4").has("y int4"));
    TableBuilder target = tests::table("t" + name).key("id uuid").has("x uuid").has("y uuid");
    for (const auto& [from, to] : keys) {
      if (from == "t" + name) target.references("x", to);
    }
    targets.push_back(std::move(target));
  }
  const std::string text = "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n" + routes;
  return mapping::compile_or_throw(mapping::parse_mapping("m", text), tests::catalog(sources), tests::catalog(targets));
}

std::string route(const std::string& table, const std::string& columns) {
  return "  - { from: " + table + ", to: t" + table + ", entity: " + table + ", columns: { " + columns + " } }\n";
}

std::string ranks(const mapping::Plan& plan) {
  std::string text;
  for (const mapping::Route& r : plan.routes) text += std::to_string(r.rank);
  return text;
}

// `a<b` for every table a after b.
std::string after(const mapping::Plan& plan) {
  std::string text;
  for (const mapping::SourceTable& table : plan.tables) {
    for (const core::TableId other : table.after) text += table.name.name + ">" + plan.table(other).name.name + " ";
  }
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(table_order)

BOOST_AUTO_TEST_CASE(refs_and_foreign_keys_put_parents_first) {
  const mapping::Plan plan = plan_of(
      route("a", "x: \"ref('b', x)\"") + route("b", "x: \"lower(x)\"") + route("c", "y: \"NULL\""), {{"tb", "tc"}});
  BOOST_TEST(ranks(plan) == "321");
  BOOST_TEST(after(plan) == "a>b ");
}

BOOST_AUTO_TEST_CASE(a_foreign_key_whose_column_nobody_writes_does_not_count) {
  const mapping::Plan plan =
      plan_of(route("a", "y: \"NULL\"") + route("b", "y: \"NULL\"") + route("c", "y: \"NULL\""), {{"ta", "tb"}});
  BOOST_TEST(ranks(plan) == "111");
}

BOOST_AUTO_TEST_CASE(a_table_that_refers_to_itself_is_read_one_chunk_at_a_time) {
  const mapping::Plan plan =
      plan_of(route("a", "x: \"ref('a', x)\"") + route("b", "y: \"NULL\"") + route("c", "y: \"NULL\""), {{"ta", "ta"}});
  BOOST_TEST(ranks(plan) == "111");
  BOOST_TEST(after(plan) == "a>a ");
}

BOOST_AUTO_TEST_CASE(a_ref_to_the_same_row_needs_no_order_of_chunks) {
  const mapping::Plan plan =
      plan_of(route("a", "y: \"NULL\"") + "  - { from: a, to: tb, entity: other, columns: { x: \"ref('a', id)\" } }\n" +
              "  - { name: c, from: b, to: tc, entity: c, columns: { x: \"ref('a', x)\" } }\n" +
              "  - { name: d, from: c, to: tc, entity: d, columns: { x: \"ref('c', x)\" } }\n");
  BOOST_TEST(ranks(plan) == "1223");
  BOOST_TEST(after(plan) == "b>a c>b ");
}

BOOST_AUTO_TEST_CASE(a_cycle_is_opened_at_its_first_route_and_its_tables_exclude_each_other) {
  const mapping::Plan plan =
      plan_of(route("c", "x: \"ref('a', x)\"") + route("a", "x: \"ref('b', x)\"") + route("b", "x: \"ref('a', x)\""));
  // c hangs on the cycle without being part of it, so the cycle is opened at a.
  BOOST_TEST(ranks(plan) == "212");
  BOOST_TEST(after(plan) == "c>a a>b b>a ");
}

BOOST_AUTO_TEST_SUITE_END()
