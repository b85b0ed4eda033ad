#include "core/array_literal.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "core/error.hpp"

using core::Value;

BOOST_AUTO_TEST_SUITE(array_literals)

BOOST_AUTO_TEST_CASE(null_and_its_name_the_empty_text_and_odd_letters_stay_apart) {
  const std::vector<Value> values{Value::null(),    Value::of("NULL"),   Value::of(""),
                                  Value::of("a,b"), Value::of("q\"\\x"), Value::of("{}")};
  BOOST_TEST(core::array_literal(values) == R"({NULL,"NULL","","a,b","q\"\\x","{}"})");
}

BOOST_AUTO_TEST_CASE(no_values_are_an_empty_array) { BOOST_TEST(core::array_literal({}) == "{}"); }

BOOST_AUTO_TEST_CASE(an_unchanged_value_cannot_be_sent) {
  std::string literal;
  BOOST_CHECK_EXCEPTION(core::append_array_element(literal, Value::unchanged()), core::Error,
                        [](const core::Error& error) { return error.kind() == core::ErrorKind::Bug; });
}

BOOST_AUTO_TEST_SUITE_END()
