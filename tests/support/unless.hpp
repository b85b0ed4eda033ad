#pragma once

#include <boost/test/tree/decorator.hpp>
#include <string>
#include <utility>

namespace tests {

/// Decorates a test that is skipped where `is_so` holds; the log says why.
inline boost::unit_test::precondition unless(bool is_so, std::string why) {
  return boost::unit_test::precondition([is_so, why = std::move(why)](boost::unit_test::test_unit_id) {
    boost::test_tools::assertion_result result(!is_so);
    result.message() << why;
    return result;
  });
}

}  // namespace tests
