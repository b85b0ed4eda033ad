#include "pg/sqlstate.hpp"

#include <boost/test/unit_test.hpp>

#include <string_view>
#include <vector>

namespace {

using core::ErrorKind;
using pg::ErrorCategory;
using pg::Side;

struct Expectation {
  std::string_view state;
  ErrorKind on_target;
  bool is_transient;
  ErrorCategory category;
};

BOOST_AUTO_TEST_SUITE(sqlstate)

BOOST_AUTO_TEST_CASE(each_code_allows_what_the_table_says) {
  const std::vector<Expectation> table{
      {"", ErrorKind::Target, true, ErrorCategory::Connection},
      {"08006", ErrorKind::Target, true, ErrorCategory::Connection},
      {"57P01", ErrorKind::Target, true, ErrorCategory::Connection},
      {"57P02", ErrorKind::Target, true, ErrorCategory::Connection},
      {"57P03", ErrorKind::Target, true, ErrorCategory::Connection},
      {"57P04", ErrorKind::Target, false, ErrorCategory::Connection},
      {"57014", ErrorKind::Target, true, ErrorCategory::Timeout},
      {"53300", ErrorKind::Target, true, ErrorCategory::Connection},
      {"53100", ErrorKind::Target, true, ErrorCategory::Internal},
      {"40001", ErrorKind::Target, true, ErrorCategory::Timeout},
      {"40P01", ErrorKind::Target, true, ErrorCategory::Timeout},
      {"40003", ErrorKind::InDoubt, false, ErrorCategory::Connection},
      {"55P03", ErrorKind::Target, true, ErrorCategory::Timeout},
      {"55006", ErrorKind::Target, true, ErrorCategory::Timeout},
      {"55000", ErrorKind::Target, false, ErrorCategory::Schema},
      {"58030", ErrorKind::Target, true, ErrorCategory::Internal},
      {"58P01", ErrorKind::Target, false, ErrorCategory::Internal},
      {"28P01", ErrorKind::Target, false, ErrorCategory::Permission},
      {"28000", ErrorKind::Target, false, ErrorCategory::Permission},
      {"42501", ErrorKind::Target, false, ErrorCategory::Permission},
      {"25006", ErrorKind::Target, false, ErrorCategory::Permission},
      {"42P01", ErrorKind::Target, false, ErrorCategory::Schema},
      {"42703", ErrorKind::Target, false, ErrorCategory::Schema},
      {"3D000", ErrorKind::Target, false, ErrorCategory::Schema},
      {"XX002", ErrorKind::Target, false, ErrorCategory::Internal},
      {"22P02", ErrorKind::Data, false, ErrorCategory::Data},
      {"22021", ErrorKind::Data, false, ErrorCategory::Data},
      {"23502", ErrorKind::Data, false, ErrorCategory::Constraint},
      {"23505", ErrorKind::Data, false, ErrorCategory::Constraint},
      {"23503", ErrorKind::Data, false, ErrorCategory::MissingReference},
      {"44000", ErrorKind::Data, false, ErrorCategory::Constraint},
      {"P0001", ErrorKind::Data, false, ErrorCategory::Data},
      {"54000", ErrorKind::Data, false, ErrorCategory::Internal},
      {"0A000", ErrorKind::Data, false, ErrorCategory::Internal},
      {"ZZ123", ErrorKind::Data, false, ErrorCategory::Internal},
  };
  for (const Expectation& expected : table) {
    BOOST_TEST_CONTEXT("SQLSTATE " << expected.state) {
      const pg::SqlstateClass found = pg::classify(expected.state, Side::Target);
      BOOST_TEST((found.kind == expected.on_target));
      BOOST_TEST(found.is_transient == expected.is_transient);
      BOOST_TEST((found.category == expected.category));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_source_never_gives_data_errors_since_nothing_is_written_there) {
  for (const std::string_view state : {"22P02", "23505", "P0001", "54000", "ZZ123", "42P01", "57P01"}) {
    BOOST_TEST((pg::classify(state, Side::Source).kind == ErrorKind::Source));
  }
}

BOOST_AUTO_TEST_CASE(categories_have_the_names_of_the_ledger) {
  BOOST_TEST(pg::to_string(ErrorCategory::MissingReference) == "missing_reference");
  BOOST_TEST(pg::to_string(ErrorCategory::Connection) == "connection");
  BOOST_TEST(pg::to_string(ErrorCategory::Internal) == "internal");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
