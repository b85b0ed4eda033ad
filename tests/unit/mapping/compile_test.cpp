#include "mapping/compile.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "core/error.hpp"
#include "tests/unit/mapping/shop.hpp"

namespace {

mapping::Plan plan_of(const std::string& tables, const std::string& routes) {
  const mapping::Compilation compilation = tests::compile_shop(tests::mapping_of(tables, routes));
  for (const mapping::Finding& finding : compilation.findings) {
    BOOST_TEST((finding.severity == mapping::Finding::Severity::Warning), finding.message);
  }
  return compilation.plan;
}

std::string columns_of(const mapping::Plan& plan, const std::string& table) {
  std::string text;
  for (const mapping::ImageColumn& column : plan.find_table({"public", table})->columns) {
    text += (text.empty() ? "" : " ") + column.name;
  }
  return text;
}

const char* kPeople = "  - { from: person, to: people, entity: person, columns: { name: name, legacy_id: id } }\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(compile)

BOOST_AUTO_TEST_CASE(an_image_has_the_key_first_and_then_just_the_columns_that_are_needed) {
  const mapping::Plan plan = plan_of("person, address",
                                     "  - { from: person, to: people, entity: person, where: \"email <> ''\","
                                     " join: { a: { from: address, on: { person_id: id } } }, columns: { city: a.city, "
                                     "parent_id: \"ref('person', parent_id)\" } }\n");
  BOOST_TEST(columns_of(plan, "person") == "id parent_id email");
  BOOST_TEST(columns_of(plan, "address") == "id person_id city");
  BOOST_TEST(plan.find_table({"public", "address"})->is_joined);
  BOOST_TEST(!plan.find_table({"public", "person"})->is_joined);
}

BOOST_AUTO_TEST_CASE(ways_through_the_primary_key_need_no_index_and_equal_ways_share_one) {
  const mapping::Plan plan =
      plan_of("person, address, note",
              "  - { from: person, to: people, entity: person,"
              " join: { a: { from: address, on: { person_id: id } } }, columns: { city: a.city } }\n"
              "  - { from: note, to: notes, entity: note,"
              " join: { a: { from: address, on: { person_id: person_id } },"
              " p: { from: person, on: { id: person_id } } },"
              " columns: { person_id: \"ref('person', person_id)\", body: a.city || p.name } }\n");
  const mapping::Join& first = plan.routes[0].joins[0];
  BOOST_TEST(first.find.index.has_value());
  BOOST_TEST(!first.seen_by.index.has_value());
  const mapping::Route& notes = plan.routes[1];
  BOOST_TEST((notes.joins[0].find.index == first.find.index));
  BOOST_TEST(!notes.joins[1].find.index.has_value());
  BOOST_TEST((notes.joins[1].seen_by.index == notes.refs[0].seen_by.index));
  BOOST_TEST(plan.indexes.size() == 2U);  // address(person_id), note(person_id)
  BOOST_TEST(plan.joined_by[notes.joins[0].table.index()].size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_chained_join_goes_on_from_the_earlier_one_and_counts_among_its_used_columns) {
  const mapping::Plan plan = plan_of(
      "person, address, note",
      "  - { from: note, to: people, entity: note, join: { p: { from: person, on: { id: person_id } },"
      " parent: { from: person, on: { id: p.parent_id } }, a: { from: address, on: { person_id: parent.id } } },"
      " columns: { city: a.city } }\n");
  const mapping::Route& route = plan.routes.front();
  BOOST_TEST(route.joins[0].from == mapping::Operand::kRow);
  BOOST_TEST(route.joins[1].from == 0);
  BOOST_TEST(route.joins[2].from == 1);
  // id, by which it is found, and parent_id, from which the next one goes on.
  BOOST_TEST(route.joins[0].used.size() == 2U);
  BOOST_TEST((route.joins[1].seen_by.table == route.joins[0].table));
  BOOST_TEST(route.write.inputs.size() == 2U);  // note.id and a.city: nothing of p and parent is sent
}

BOOST_AUTO_TEST_CASE(later_routes_of_an_entity_wait_for_the_first) {
  const mapping::Plan plan = plan_of("person", std::string(kPeople) +
                                                   "  - { from: person, to: extras, entity: person, id: person_id,"
                                                   " columns: { body: email } }\n");
  BOOST_TEST(!plan.routes[0].own_ref.has_value());
  BOOST_REQUIRE(plan.routes[1].own_ref.has_value());
  BOOST_TEST(*plan.routes[1].own_ref == 0);
  BOOST_TEST(plan.routes[1].write.refs.empty());  // the row's own id is sent already
  const mapping::Entity& entity = *plan.find_entity("person");
  BOOST_TEST(entity.routes.size() == 2U);
  BOOST_REQUIRE(entity.referred_by.size() == 1U);
  BOOST_TEST((entity.referred_by[0].first == plan.routes[1].id));
  BOOST_TEST(plan.routes[0].legacy_key_column.value() == "legacy_id");
  BOOST_TEST(!plan.routes[1].legacy_key_column.has_value());
}

BOOST_AUTO_TEST_CASE(equal_refs_of_a_route_are_one) {
  const mapping::Plan plan =
      plan_of("person",
              "  - { from: person, to: people, entity: person, columns: { parent_id: \"ref('person', parent_id)\","
              " name: \"coalesce(ref('person', parent_id)::text, name)\" } }\n");
  const mapping::Route& route = plan.routes.front();
  BOOST_TEST(route.refs.size() == 1U);
  BOOST_TEST(route.columns[0].is_plain_ref);
  BOOST_TEST((route.columns[0].missing == mapping::Missing::Park));
  BOOST_TEST(!route.columns[1].missing.has_value());
  BOOST_TEST(!route.judge.has_value());
}

BOOST_AUTO_TEST_CASE(a_judge_is_made_for_where_and_for_larger_expressions_that_state_missing) {
  const auto judge_of = [](const std::string& rest) {
    return plan_of("person", "  - { from: person, to: people, entity: person, " + rest + " }\n").routes.front().judge;
  };
  BOOST_TEST(!judge_of("columns: { parent_id: { expr: \"ref('person', parent_id)\", missing: filter } }"));
  BOOST_TEST(!judge_of("columns: { name: { expr: \"ref('person', parent_id)::text\", missing: \"null\" } }"));
  const auto where = judge_of("where: email <> '', columns: { name: name }");
  BOOST_REQUIRE(where.has_value());
  BOOST_TEST(where->is_cacheable);
  BOOST_TEST(where->rows.width() == 1U);  // neither the key nor the columns of `columns`
  const auto larger = judge_of("columns: { name: { expr: \"ref('person', parent_id)::text\", missing: quarantine } }");
  BOOST_REQUIRE(larger.has_value());
  BOOST_TEST(!larger->is_cacheable);
  BOOST_TEST(larger->rows.flags.size() == 1U);
  BOOST_TEST(judge_of("where: 'true', columns: { name: name }")->rows.width() == 1U);
}

BOOST_AUTO_TEST_CASE(a_key_option_makes_the_ids_of_other_columns) {
  const mapping::Plan plan =
      plan_of("person", "  - { from: person, to: people, entity: person, key: email, columns: { name: email } }\n");
  const mapping::Route& route = plan.routes.front();
  BOOST_TEST(!route.key_is_primary);
  BOOST_REQUIRE(route.key.size() == 1U);
  BOOST_TEST(plan.table(route.from).columns[route.key[0]].name == "email");
  BOOST_TEST((plan.entities[0].key_types == std::vector{core::KeyType::Text}));
  BOOST_TEST(route.legacy_key_column.value() == "name");
}

BOOST_AUTO_TEST_CASE(the_fingerprints_tell_meaning_from_layout_and_ignore_comments) {
  const auto plan = [](const std::string& columns, const std::string& comment = "") {
    return plan_of("person",
                   "  - { from: person, to: people, entity: person, columns: { " + columns + " } }" + comment + "\n");
  };
  const mapping::Plan first = plan("name: name, legacy_id: id");
  BOOST_TEST(plan("name: name, legacy_id: id", " # why").meaning_fingerprint == first.meaning_fingerprint);
  const mapping::Plan other_value = plan("name: upper(name), legacy_id: id");
  BOOST_TEST(other_value.meaning_fingerprint != first.meaning_fingerprint);
  BOOST_TEST(other_value.layout_fingerprint == first.layout_fingerprint);
  BOOST_TEST(plan("name: email, legacy_id: id").layout_fingerprint != first.layout_fingerprint);
}

BOOST_AUTO_TEST_CASE(plans_find_their_parts_by_name) {
  const mapping::Plan plan = plan_of("person", kPeople);
  BOOST_TEST(plan.find_route("people") == &plan.routes[0]);
  BOOST_TEST(plan.find_route("nobody") == nullptr);
  BOOST_TEST(plan.find_table({"public", "person"}) == &plan.tables[0]);
  BOOST_TEST(plan.find_table({"other", "person"}) == nullptr);
  BOOST_TEST(plan.find_entity("person") == &plan.entities[0]);
}

BOOST_AUTO_TEST_SUITE_END()
