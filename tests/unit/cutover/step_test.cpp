#include "cutover/step.hpp"

#include <boost/test/unit_test.hpp>
#include <set>
#include <string>

BOOST_AUTO_TEST_SUITE(step)

BOOST_AUTO_TEST_CASE(every_step_is_found_again_by_its_own_name) {
  std::set<std::string_view> names;
  for (const cutover::Step step : cutover::kSteps) {
    names.insert(to_string(step));
    BOOST_TEST((cutover::step_of(to_string(step)) == step));
    BOOST_TEST(!summary_of(step).empty());
  }
  BOOST_TEST(names.size() == cutover::kSteps.size());
  BOOST_TEST(!cutover::step_of("tidy up").has_value());
}

BOOST_AUTO_TEST_CASE(nothing_is_given_up_before_it_was_validated) {
  BOOST_TEST((cutover::kPointOfNoReturn == cutover::Step::Cleanup));
  BOOST_TEST((cutover::Step::Validate < cutover::kPointOfNoReturn));
}

BOOST_AUTO_TEST_SUITE_END()
