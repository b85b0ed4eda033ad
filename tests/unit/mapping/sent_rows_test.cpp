#include "mapping/sent_rows.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

using core::Value;

BOOST_AUTO_TEST_SUITE(sent_rows)

BOOST_AUTO_TEST_CASE(one_column_of_joined_rows_is_an_array_in_their_order) {
  const auto row = [](Value first, Value second) { return core::make_row(std::vector<Value>{first, second}); };
  const std::vector<core::Row> rows{row(Value::of("1"), Value::of("b")), row(Value::of("2"), Value::null()),
                                    row(Value::of("3"), Value::of("a"))};
  BOOST_TEST(mapping::joined_array(rows, 1) == R"({"b",NULL,"a"})");
  BOOST_TEST(mapping::joined_array(rows, 0) == R"({"1","2","3"})");
  BOOST_TEST(mapping::joined_array({}, 0) == "{}");
}

BOOST_AUTO_TEST_CASE(rows_are_turned_into_columns) {
  mapping::SentRows rows;
  rows.width = 2;
  rows.values = {{Value::of("1"), {}}, {{}, "owned"}, {Value::of("2"), {}}, {Value::null(), {}}};
  const auto columns = rows.columns();
  BOOST_REQUIRE(columns.size() == 2);
  BOOST_TEST((columns[0] == std::vector<Value>{Value::of("1"), Value::of("2")}));
  BOOST_TEST((columns[1] == std::vector<Value>{Value::of("owned"), Value::null()}));
}

BOOST_AUTO_TEST_SUITE_END()
