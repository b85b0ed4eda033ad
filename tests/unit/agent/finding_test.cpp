#include "agent/finding.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <string>

BOOST_AUTO_TEST_SUITE(finding)

BOOST_AUTO_TEST_CASE(findings_have_the_promised_json_shape) {
  const std::vector<agent::Finding> findings = {{.severity = agent::Severity::Error,
                                                 .area = agent::Area::Mapping,
                                                 .message = "m",
                                                 .remedy = "r",
                                                 .file = "f",
                                                 .line = 3,
                                                 .column = 5}};
  BOOST_TEST(
      agent::to_json(findings).dump() ==
      R"({"ok":false,"findings":[{"severity":"error","area":"mapping","message":"m","remedy":"r","file":"f","line":3,"column":5}]})");
  BOOST_TEST(agent::to_json(std::vector<agent::Finding>{}).dump() == R"({"ok":true,"findings":[]})");
}

BOOST_AUTO_TEST_CASE(warnings_alone_are_no_failure_and_errors_are_told_first) {
  agent::FindingList list(agent::Area::Source);
  list.warning("careful", "look");
  BOOST_TEST(!agent::has_error(agent::FindingList(list).take()));
  list.error("broken", "mend");
  const std::vector<agent::Finding> findings = std::move(list).take();
  BOOST_TEST(agent::has_error(findings));
  BOOST_TEST(
      agent::to_text(findings) ==
      "error: source: broken\n  remedy: mend\nwarning: source: careful\n  remedy: look\ncheck: 1 error, 1 warning\n");
}

BOOST_AUTO_TEST_SUITE_END()
