#include "cutover/plan_text.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

BOOST_AUTO_TEST_SUITE(plan_text)

BOOST_AUTO_TEST_CASE(a_plan_is_printed_with_its_locks_and_reasons) {
  const cutover::Plan plan = {
      {"ALTER TABLE a\n  DROP COLUMN b", "ACCESS EXCLUSIVE on a", "drop what the mapping lists"},
      {"ANALYZE a", "", "statistics"}};
  BOOST_TEST(
      to_text(plan) ==
      "    -- drop what the mapping lists (locks: ACCESS EXCLUSIVE on a)\n    ALTER TABLE a\n      DROP COLUMN b\n"
      "    -- statistics\n    ANALYZE a\n");
  BOOST_TEST(
      cutover::to_json(plan).dump() ==
      R"([{"sql":"ALTER TABLE a\n  DROP COLUMN b","lock":"ACCESS EXCLUSIVE on a","why":"drop what the mapping lists"},)"
      R"({"sql":"ANALYZE a","lock":"","why":"statistics"}])");
}

BOOST_AUTO_TEST_CASE(an_empty_plan_says_so) { BOOST_TEST(cutover::to_text({}) == "    nothing to do\n"); }

BOOST_AUTO_TEST_SUITE_END()
