// What of a table may change on the source without stopping the agent, and what may not. Pure: one Relation message against the plan.
#include "apply/relation_fit.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>

#include "tests/unit/apply/fixture.hpp"

BOOST_AUTO_TEST_SUITE(relation_fits)

namespace {

using core::ReplicaIdentity;

constexpr std::uint32_t kInt8 = 20;
constexpr std::uint32_t kVarchar = 1043;

/// The plan reads id, name and body of person, in this order; `unread` stands between id and name.
const mapping::SourceTable& person() {
  static const mapping::Plan plan = tests::plan_with("delete");
  return *plan.find_table({"public", "person"});
}

/// What is said of a relation that is as planned but for what `alter` does to it: `column: change`, or nothing.
std::string said_of(const std::function<void(core::Relation&)>& alter) {
  core::Relation relation = *tests::relation({"id", "unread", "name", "body"});
  alter(relation);
  const auto move = apply::schema_move(relation, person());
  return move ? move->column + ": " + move->change : "";
}

core::RelationColumn& column(core::Relation& relation, const std::string& name) {
  return *std::ranges::find(relation.columns, name, &core::RelationColumn::name);
}

bool begins_with(const std::string& text, const std::string& with) { return text.rfind(with, 0) == 0; }

}  // namespace

BOOST_AUTO_TEST_CASE(what_the_mapping_does_not_read_may_change) {  // reliability 93
  BOOST_TEST(said_of([](core::Relation&) {}) == "");
  BOOST_TEST(said_of([](core::Relation& r) { r.columns.push_back({"new", core::Oid{kInt8}, -1, false}); }) == "");
  BOOST_TEST(said_of([](core::Relation& r) { r.columns.erase(r.columns.begin() + 1); }) == "");
  BOOST_TEST(said_of([](core::Relation& r) { column(r, "unread").name = "renamed"; }) == "");
  BOOST_TEST(said_of([](core::Relation& r) { column(r, "unread").type = core::Oid{kInt8}; }) == "");
}

BOOST_AUTO_TEST_CASE(a_column_that_is_gone_is_named) {  // reliability 93
  BOOST_TEST(begins_with(said_of([](core::Relation& r) { r.columns.pop_back(); }), "body: was dropped"));
  BOOST_TEST(begins_with(said_of([](core::Relation& r) { column(r, "name").name = "title"; }), "name: was dropped"));
}

BOOST_AUTO_TEST_CASE(another_type_is_named_unless_it_only_holds_more) {  // reliability 93
  BOOST_TEST(begins_with(said_of([](core::Relation& r) { column(r, "id").type = core::Oid{kInt8}; }), "id: changed"));
  BOOST_TEST(
      begins_with(said_of([](core::Relation& r) { column(r, "body").type = core::Oid{kInt8}; }), "body: changed"));
  BOOST_TEST(said_of([](core::Relation& r) { column(r, "body").type = core::Oid{kVarchar}; }) == "");
}

BOOST_AUTO_TEST_CASE(columns_that_exchanged_their_names_are_noticed_by_their_order) {  // reliability 93
  BOOST_TEST(begins_with(said_of([](core::Relation& r) { std::swap(column(r, "name").name, column(r, "body").name); }),
                         "body: stands elsewhere"));
}

BOOST_AUTO_TEST_CASE(another_key_stops_and_a_larger_identity_does_not) {  // reliability 82, 114
  const auto with = [](ReplicaIdentity identity, std::vector<std::string> keys) {
    return said_of([&](core::Relation& r) {
      r.identity = identity;
      for (auto& column : r.columns) column.is_key = std::ranges::find(keys, column.name) != keys.end();
    });
  };
  BOOST_TEST(with(ReplicaIdentity::Default, {"id"}) == "");
  BOOST_TEST(begins_with(with(ReplicaIdentity::Default, {"unread"}), "id: is no longer part"));
  BOOST_TEST(begins_with(with(ReplicaIdentity::Default, {"id", "name"}), "name: is now part"));
  BOOST_TEST(begins_with(with(ReplicaIdentity::Default, {}), "id: is no longer part"));
  BOOST_TEST(with(ReplicaIdentity::Full, {"id", "unread", "name", "body"}) == "");
  BOOST_TEST(with(ReplicaIdentity::Index, {"id", "name"}) == "");
  BOOST_TEST(begins_with(with(ReplicaIdentity::Index, {"name"}), "id: is no longer part"));
  BOOST_TEST(with(ReplicaIdentity::Nothing, {}) == "");
}

BOOST_AUTO_TEST_CASE(another_name_and_another_table_under_the_name_are_noticed) {  // reliability 95, 114
  mapping::SourceTable planned = person();
  planned.oid = core::Oid{100};
  core::Relation relation = *tests::relation({"id", "name", "body"});
  relation.oid = core::Oid{100};
  BOOST_TEST(!apply::schema_move(relation, planned).has_value());
  relation.name.name = "people_old";
  BOOST_TEST(begins_with(apply::schema_move(relation, planned).value().change, "was renamed to people_old"));
  relation.name = planned.name;
  relation.oid = core::Oid{101};
  BOOST_TEST(begins_with(apply::schema_move(relation, planned).value().change, "is another table"));
}

BOOST_AUTO_TEST_SUITE_END()
