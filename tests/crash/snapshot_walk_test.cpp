// The agent is killed, and fails, at every failpoint that lies on the way from the first start to the end of the snapshot. Nothing
// is lost or doubled.
#include <boost/test/unit_test.hpp>
#include <set>
#include <string>

#include "core/failpoint_places.hpp"
#include "tests/crash/walk.hpp"

namespace {

std::vector<crash::Visit> way() {
  auto way = crash::visits(crash::Phase::Start);
  const auto snapshot = crash::visits(crash::Phase::Snapshot);
  way.insert(way.end(), snapshot.begin(), snapshot.end());
  return way;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_failpoint_is_visited) {
  std::set<std::string> visited;
  for (const crash::Visit& visit : crash::visits()) visited.insert(visit.failpoint);
  std::set<std::string> listed;
  for (const auto& place : core::kFailpointPlaces) listed.emplace(place.name);
  BOOST_TEST(visited == listed, boost::test_tools::per_element());
}

// reliability 1, 2, 3, 4, 49, 50, 53, 179
BOOST_AUTO_TEST_CASE(a_kill_at_any_place_of_the_first_start_and_the_snapshot_loses_and_doubles_nothing) {
  crash::Walk walk;
  walk.kill_at(way());
  walk.expect_recovery();
}

// reliability 12, 53
BOOST_AUTO_TEST_CASE(an_error_at_any_place_of_the_first_start_and_the_snapshot_loses_and_doubles_nothing) {
  crash::Walk walk;
  for (const auto& [place, code] : walk.throw_at(way())) BOOST_TEST_MESSAGE(place << " ended a life with " << code);
  walk.expect_recovery();
}
