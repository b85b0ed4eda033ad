#include "core/error.hpp"

#include <boost/test/unit_test.hpp>
#include <set>
#include <string>
#include <string_view>

using core::Error;
using core::ErrorKind;

BOOST_AUTO_TEST_SUITE(errors)

BOOST_AUTO_TEST_CASE(the_text_says_what_where_and_what_to_do) {
  const Error error = Error(ErrorKind::Data, "the target refuses a row")
                          .with("route", "orders")
                          .with("key", "4711")
                          .sqlstate("23505")
                          .remedy("change it");
  BOOST_TEST(std::string{error.what()} == "the target refuses a row (SQLSTATE 23505) route=orders key=4711; change it");
  BOOST_TEST(error.message() == "the target refuses a row");
  BOOST_TEST(error.remedy() == "change it");
  BOOST_TEST(error.sqlstate() == "23505");
  BOOST_TEST((error.kind() == ErrorKind::Data));
  BOOST_TEST(error.context("key") == "4711");
  BOOST_TEST(error.context("lsn").empty());
}

BOOST_AUTO_TEST_CASE(a_bare_error_is_just_its_message) {
  const Error error{ErrorKind::Bug, "broken"};
  BOOST_TEST(std::string{error.what()} == "broken");
  BOOST_TEST(!error.is_transient());
  BOOST_TEST(error.context().empty());
}

BOOST_AUTO_TEST_CASE(a_caught_error_can_be_told_more) {
  try {
    throw Error(ErrorKind::Target, "lost").transient();
  } catch (Error& error) {
    error.with("route", "a").remedy("wait").sqlstate("57P01");
    BOOST_TEST(std::string{error.what()} == "lost (SQLSTATE 57P01) route=a; wait");
    BOOST_TEST(error.is_transient());
  }
}

BOOST_AUTO_TEST_CASE(every_kind_has_a_name_of_its_own) {
  std::set<std::string_view> names;
  const auto kinds = {ErrorKind::Usage,   ErrorKind::Config,  ErrorKind::Mapping, ErrorKind::Source,
                      ErrorKind::Target,  ErrorKind::InDoubt, ErrorKind::Data,    ErrorKind::Protocol,
                      ErrorKind::Refused, ErrorKind::State,   ErrorKind::Bug};
  for (const ErrorKind kind : kinds) names.insert(core::to_string(kind));
  BOOST_TEST(names.size() == kinds.size());
  BOOST_TEST(!names.contains("unknown"));
}

BOOST_AUTO_TEST_SUITE_END()
