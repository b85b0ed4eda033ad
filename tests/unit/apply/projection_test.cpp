#include "apply/projection.hpp"

#include <boost/test/unit_test.hpp>

#include "core/error.hpp"
#include "tests/unit/apply/fixture.hpp"

using apply::Projection;
using tests::kUnchanged;
using tests::row_of;

namespace {

const mapping::Plan& plan() {
  static const mapping::Plan plan = tests::plan_with("delete");
  return plan;
}

const mapping::SourceTable& person() { return *plan().find_table({"public", "person"}); }

core::Value cell(const core::Row& image, const std::string& name) {
  for (std::size_t i = 0; i < person().columns.size(); ++i) {
    if (person().columns[i].name == name) return image[i];
  }
  throw std::invalid_argument("no column " + name);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(projections)

BOOST_AUTO_TEST_CASE(columns_are_found_by_name_whatever_stands_between_them) {
  const Projection projection{*tests::relation({"added", "id", "unread", "name", "body"}), person()};
  BOOST_TEST(!projection.move().has_value());
  const core::Row image = projection.image(row_of({"a", "7", "u", {}, kUnchanged}));
  BOOST_TEST(image.size() == 3U);  // what nobody reads is not kept
  BOOST_TEST(cell(image, "id").text == "7");
  BOOST_TEST(cell(image, "name").is_null());
  BOOST_TEST(cell(image, "body").is_unchanged());
  BOOST_TEST((projection.key(row_of({"a", "7", "u", "n", "b"})) == tests::number(7)));
}

BOOST_AUTO_TEST_CASE(a_key_is_there_only_when_each_of_its_columns_was_sent) {
  const Projection projection{*tests::relation({"id", "name", "body"}), person()};
  BOOST_TEST(projection.has_key(row_of({"7", {}, {}})));
  BOOST_TEST(!projection.has_key(row_of({kUnchanged, "a", "b"})));
  BOOST_TEST(!projection.has_key(row_of({{}, "a", "b"})));
}

BOOST_AUTO_TEST_CASE(a_new_shape_of_a_table_gets_a_projection_of_its_own) {
  apply::Projections projections{plan()};
  const auto before = tests::relation({"id", "name", "body"});
  const auto after = tests::relation({"new", "id", "name", "body"});
  const auto first = projections.of(before);
  BOOST_TEST(first.table == &person());
  BOOST_TEST((projections.of(before).projection == first.projection));
  BOOST_TEST((projections.of(after).projection->key(row_of({"x", "7", "n", "b"})) == tests::number(7)));
  BOOST_TEST((first.projection->key(row_of({"7", "n", "b"})) == tests::number(7)));
}

BOOST_AUTO_TEST_CASE(a_table_that_the_plan_does_not_read_has_none) {
  apply::Projections projections{plan()};
  BOOST_TEST(projections.of(tests::relation({"id"}, "other")).table == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
