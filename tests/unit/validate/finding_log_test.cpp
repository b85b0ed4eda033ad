#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "tests/support/temp_dir.hpp"
#include "validate/finding_log.hpp"

namespace {

using validate::Finding;
using validate::FindingKind;
using validate::FindingLog;
using validate::FindingOrigin;

const FindingOrigin kOrigin{core::Lsn{0x100}, "a pair", "a meaning"};

std::vector<Finding> some_findings() {
  return {
      {.route = "orders", .kind = FindingKind::Missing, .legacy_key = "1", .target_key = {"u1"}},
      {.route = "orders", .kind = FindingKind::Different, .legacy_key = "2", .target_key = {"u2"}, .columns = {"a"}},
      {.route = "pairs", .kind = FindingKind::Extra, .legacy_key = "", .target_key = {"x", "y\n\"z"}},
      {.route = "pairs", .kind = FindingKind::Parked, .legacy_key = "4,5", .note = "patient 7"}};
}

void write(const std::filesystem::path& path, const std::vector<Finding>& findings) {
  FindingLog log{path, kOrigin};
  for (const Finding& finding : findings) log.add(finding);
  log.finish();
}

bool is_unusable(const core::Error& error) { return error.kind() == core::ErrorKind::State; }

}  // namespace

BOOST_AUTO_TEST_SUITE(finding_log)

BOOST_AUTO_TEST_CASE(findings_are_read_back_as_they_were_written) {
  const tests::TempDir dir;
  const auto path = FindingLog::path_in(dir.path());
  write(path, some_findings());

  std::vector<Finding> read;
  const auto origin = FindingLog::read(path, [&](Finding finding) { read.push_back(std::move(finding)); });
  BOOST_TEST(origin.lsn.to_string() == "0/100");
  BOOST_TEST(origin.identity == "a pair");
  BOOST_TEST(origin.meaning == "a meaning");
  BOOST_TEST((read == some_findings()));
}

BOOST_AUTO_TEST_CASE(a_validation_that_does_not_end_leaves_the_last_one_in_force) {
  const tests::TempDir dir;
  const auto path = FindingLog::path_in(dir.path());
  write(path, some_findings());
  {
    FindingLog log{path, kOrigin};
    log.add({.route = "another"});
  }
  std::size_t count = 0;
  FindingLog::read(path, [&](const Finding&) { ++count; });
  BOOST_TEST(count == some_findings().size());
  BOOST_TEST(std::distance(std::filesystem::directory_iterator{dir.path()}, {}) == 1);
}

BOOST_AUTO_TEST_CASE(findings_that_were_cut_off_or_damaged_are_refused) {
  const tests::TempDir dir;
  const auto path = FindingLog::path_in(dir.path());
  BOOST_CHECK_EXCEPTION(FindingLog::read(path, {}), core::Error, is_unusable);
  write(path, some_findings());
  std::string text;
  {
    std::ifstream in(path);
    text.assign(std::istreambuf_iterator<char>{in}, {});
  }
  const auto ignore = [](const Finding&) {};
  std::ofstream(path) << text.substr(0, text.rfind("{\"findings\""));
  BOOST_CHECK_EXCEPTION(FindingLog::read(path, ignore), core::Error, is_unusable);
  const auto second = text.find('\n') + 1;
  std::ofstream(path) << text.substr(0, second) << text.substr(text.find('\n', second) + 1);
  BOOST_CHECK_EXCEPTION(FindingLog::read(path, ignore), core::Error, is_unusable);
  std::ofstream(path) << "{";
  BOOST_CHECK_EXCEPTION(FindingLog::read(path, ignore), core::Error, is_unusable);
}

BOOST_AUTO_TEST_SUITE_END()
