#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "apply/row_sender.hpp"
#include "apply/target_session.hpp"
#include "tests/unit/apply/fixture.hpp"

using core::Value;

BOOST_AUTO_TEST_SUITE(array_literals)

BOOST_AUTO_TEST_CASE(null_and_its_name_the_empty_text_and_odd_letters_stay_apart) {
  const std::vector<Value> values{Value::null(),    Value::of("NULL"),   Value::of(""),
                                  Value::of("a,b"), Value::of("q\"\\x"), Value::of("{}")};
  BOOST_TEST(apply::array_literal(values) == R"({NULL,"NULL","","a,b","q\"\\x","{}"})");
}

BOOST_AUTO_TEST_CASE(no_values_are_an_empty_array) {
  BOOST_TEST(apply::array_literal({}) == "{}");
  BOOST_TEST(apply::joined_array({}, 0) == "{}");
}

BOOST_AUTO_TEST_CASE(one_column_of_joined_rows_is_an_array_in_their_order) {
  const std::vector<core::Row> rows{tests::row_of({"1", "b"}), tests::row_of({"2", {}}), tests::row_of({"3", "a"})};
  BOOST_TEST(apply::joined_array(rows, 1) == R"({"b",NULL,"a"})");
  BOOST_TEST(apply::joined_array(rows, 0) == R"({"1","2","3"})");
}

BOOST_AUTO_TEST_SUITE_END()
