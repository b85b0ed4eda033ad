#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "agent/report_file.hpp"
#include "core/error.hpp"
#include "tests/support/temp_dir.hpp"

BOOST_AUTO_TEST_SUITE(report_file)

namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>{in}, {}};
}

bool is_usage(const core::Error& error) { return error.kind() == core::ErrorKind::Usage && !error.remedy().empty(); }

}  // namespace

BOOST_AUTO_TEST_CASE(a_report_replaces_that_of_before_when_it_is_whole_and_not_sooner) {
  const tests::TempDir dir;
  const auto path = dir.path() / "report.html";
  std::ofstream(path) << "of before";
  { const agent::ReportFile given_up{path}; }
  BOOST_TEST(text_of(path) == "of before");
  {
    agent::ReportFile file{path};
    BOOST_TEST(text_of(path) == "of before");
    file.write("now");
  }
  BOOST_TEST(text_of(path) == "now");
  BOOST_TEST(std::distance(std::filesystem::directory_iterator{dir.path()}, {}) == 1);
}

BOOST_AUTO_TEST_CASE(that_a_report_cannot_be_written_is_known_before_it_is_made) {
  const tests::TempDir dir;
  BOOST_CHECK_EXCEPTION(agent::ReportFile{dir.path() / "no" / "folder.html"}, core::Error, is_usage);
  BOOST_CHECK_EXCEPTION(agent::ReportFile{dir.path()}, core::Error, is_usage);
}

BOOST_AUTO_TEST_SUITE_END()
