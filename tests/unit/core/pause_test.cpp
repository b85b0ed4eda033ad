#include "core/pause.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <thread>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

BOOST_AUTO_TEST_SUITE(pauses)

BOOST_AUTO_TEST_CASE(a_pause_that_nobody_stops_lasts_as_long_as_it_was_told) {
  const auto start = Clock::now();
  BOOST_TEST(core::pause(20ms, {}));
  BOOST_TEST((Clock::now() - start >= 20ms));
}

// reliability 14
BOOST_AUTO_TEST_CASE(a_stop_ends_a_pause_at_once_whether_it_comes_before_or_meanwhile) {
  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  const auto start = Clock::now();
  BOOST_TEST(!core::pause(10min, source.get_token()));
  BOOST_TEST(!core::pause(10min, source.get_token()));
  BOOST_TEST((Clock::now() - start < 1min));
}

BOOST_AUTO_TEST_SUITE_END()
