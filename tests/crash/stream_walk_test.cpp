// The agent is killed, and fails, at every failpoint of the stream. Nothing is lost or doubled.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

#include "tests/crash/walk.hpp"

// reliability 5, 6, 7, 8, 14, 42, 64, 72, 83, 97, 106, 109, 169, 180
BOOST_AUTO_TEST_CASE(a_kill_at_any_place_of_the_stream_loses_and_doubles_nothing) {
  crash::Walk walk;
  walk.staff.pair.bring_over();
  walk.kill_at(crash::visits(crash::Phase::Stream));
  walk.expect_recovery();
}

// reliability 16, 96, 100
BOOST_AUTO_TEST_CASE(an_error_at_any_place_of_the_stream_loses_and_doubles_nothing) {
  crash::Walk walk;
  walk.staff.pair.bring_over();
  // What comes with another layout goes through a snapshot: alone, so that the other places are passed in the stream.
  auto visits = crash::visits(crash::Phase::Stream);
  const auto others = std::stable_partition(
      visits.begin(), visits.end(), [](const crash::Visit& visit) { return visit.lure != crash::Lure::OtherLayout; });
  const std::vector<crash::Visit> of_layout(others, visits.end());
  visits.erase(others, visits.end());
  for (const auto& part : {visits, of_layout}) {
    for (const auto& [place, code] : walk.throw_at(part)) BOOST_TEST_MESSAGE(place << " ended a life with " << code);
  }
  walk.expect_recovery();
}
