#include "pg/quoting.hpp"

#include <boost/test/unit_test.hpp>

#include "core/error.hpp"

BOOST_AUTO_TEST_SUITE(quoting)

BOOST_AUTO_TEST_CASE(identifiers_are_always_quoted_and_their_quotes_doubled) {
  BOOST_TEST(pg::quote_identifier("order") == "\"order\"");
  BOOST_TEST(pg::quote_identifier("a\"b") == "\"a\"\"b\"");
  BOOST_TEST(pg::quote_name({"My Schema", "t"}) == "\"My Schema\".\"t\"");
}

BOOST_AUTO_TEST_CASE(literals_double_quotes_and_leave_backslashes) {
  BOOST_TEST(pg::quote_literal("O'Neil") == "'O''Neil'");
  BOOST_TEST(pg::quote_literal("a\\b") == "'a\\b'");
  BOOST_TEST(pg::quote_literal("") == "''");
}

BOOST_AUTO_TEST_CASE(a_zero_byte_never_gets_into_sql) {
  BOOST_CHECK_THROW(static_cast<void>(pg::quote_identifier({"a\0b", 3})), core::Error);
  BOOST_CHECK_THROW(static_cast<void>(pg::quote_literal({"a\0b", 3})), core::Error);
}

BOOST_AUTO_TEST_SUITE_END()
