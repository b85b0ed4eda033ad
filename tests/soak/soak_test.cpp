// Random faults of every kind over live work, and the criterion by which figures are called flat. The long run is scripts/soak's: the
// same test, told by the environment.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "tests/soak/report.hpp"
#include "tests/soak/soak.hpp"
#include "tests/support/dispatch_pair.hpp"
#include "tests/support/sanitizer.hpp"
#include "tests/support/seed.hpp"

namespace {

using soak::Figure;
using soak::Sample;

std::string environment(const char* name, const std::string& otherwise = "") {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

soak::SoakOptions options() {
  soak::SoakOptions options;
  options.seed = tests::seed();
  if (const std::string minutes = environment("SOAK_MINUTES"); !minutes.empty()) {
    options.duration = std::chrono::minutes(std::stol(minutes));
    options.round = std::min<std::chrono::seconds>(std::chrono::minutes(4), options.duration / 4);
    options.sample_every = std::chrono::seconds(10);
    options.scale = "0.01";
    options.big_rows = 100'000;
    options.longest_fault_seconds = 12;
    options.recovery = std::chrono::minutes(10);  // of a big transaction, on a machine that has other things to do
    options.progress = &std::cout;
    options.judges_trend = options.duration >= std::chrono::minutes(30);
  }
  options.holds = !environment("SOAK_HOLD").empty();
  options.log = environment("SOAK_LOG", "/dev/null");
  return options;
}

std::vector<Sample> samples_of(double (*value)(double at)) {
  std::vector<Sample> samples;
  for (int i = 0; i < 300; ++i) {
    Sample sample;
    sample.at = i;
    sample.rss_mib = value(i);
    samples.push_back(sample);
  }
  return samples;
}

std::string judge(double (*value)(double at)) {
  return soak::why_not_flat(samples_of(value), soak::figures().front(), 300, true);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_figure_that_grows_all_the_time_is_not_flat) {
  BOOST_TEST(judge([](double) { return 100.0; }).empty());
  BOOST_TEST(judge([](double at) { return at < 100 ? 50.0 : 100.0; }).empty());
  BOOST_TEST(judge([](double at) { return static_cast<int>(at) % 10 == 0 ? 400.0 : 100.0; }).empty());
  BOOST_TEST(!judge([](double at) { return 100 + at; }).empty());
  BOOST_TEST(!judge([](double at) { return at < 220 ? 100.0 : 140.0; }).empty());
  // A single height is judged by a bound, which memory does not have under a sanitizer.
  BOOST_TEST(judge([](double at) { return at == 7 ? 1'000.0 : 100.0; }).empty() == tests::kIsSanitized);
}

BOOST_AUTO_TEST_CASE(live_work_goes_on_beyond_billions_of_transactions) {
  const tests::DispatchPair pair({.scale = "0.002"});
  pair.servers.source.exec("INSERT INTO workload.session_counts VALUES (7, 'plain', 3000000000, 0)");
  pair.workload(7, 60, false);
  BOOST_TEST(pair.servers.source
                 .query_value(
                     "SELECT sum(executed + skipped) FROM workload.session_counts WHERE seed = 7 AND kind <> 'L2 kept'")
                 .value() == "3000000060");
}

// reliability 7, 8, 11, 14, 16, 17, 18, 19, 22, 23, 24, 25, 26, 35, 50, 52, 64, 70, 83, 96, 97, 105, 110, 128, 169
BOOST_AUTO_TEST_CASE(random_faults_over_live_work_lose_and_double_nothing) {
  const soak::SoakOptions how = options();
  const soak::SoakResult result = soak::run_soak(how);
  const std::string report = soak::to_markdown(how, result, environment("SOAK_COMMIT"));
  if (const std::string path = environment("SOAK_REPORT"); !path.empty()) {
    std::ofstream file(path);
    file << report;
    BOOST_REQUIRE_MESSAGE(file.flush(), "cannot write " << path);
  }
  BOOST_TEST(!result.was_interrupted);
  BOOST_TEST(result.comparisons.size() > 0U);
  BOOST_TEST(result.transactions > 100);
  BOOST_TEST(result.findings.empty(), report);
}
