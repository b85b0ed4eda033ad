#include "agent/probe_position.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

BOOST_AUTO_TEST_SUITE(probe_position)

BOOST_AUTO_TEST_CASE(a_complaint_is_found_in_the_expression_as_it_was_written) {
  const std::string sql = "lower(nam)";
  const std::string probe = "SELECT (\n" + sql + "\n)";
  BOOST_TEST(agent::offset_in_expression(probe, std::to_string(probe.find("nam") + 1), sql, sql).value() == 6U);
}

BOOST_AUTO_TEST_CASE(refs_before_it_shift_it_back) {
  const std::string text = "coalesce(ref('a', x), ref('b', y), wrong)";
  const std::string sql = R"(coalesce("in$"."r0$", "in$"."r1$", wrong))";
  const std::string probe = "INSERT … SELECT (\n" + sql + "\n)";
  // Positions count characters: the ellipsis is one of them, and three bytes.
  const std::string position = std::to_string(probe.find("wrong") + 1 - 2);
  BOOST_TEST(agent::offset_in_expression(probe, position, sql, text).value() == text.find("wrong"));
  const std::string at_ref = std::to_string(probe.find("\"r1$\"") + 1 - 2);
  BOOST_TEST(agent::offset_in_expression(probe, at_ref, sql, text).value() == text.find("ref('b'"));
}

BOOST_AUTO_TEST_CASE(a_complaint_about_the_rest_of_the_probe_has_no_place_in_the_expression) {
  BOOST_TEST(!agent::offset_in_expression("SELECT (\nx\n)", "1", "x", "x").has_value());
  BOOST_TEST(!agent::offset_in_expression("SELECT (\nx\n)", "", "x", "x").has_value());
  BOOST_TEST(!agent::offset_in_expression("SELECT (\nx\n)", "999", "x", "x").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
