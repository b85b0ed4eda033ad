#include "agent/watchdog.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using agent::Watchdog;
using namespace std::chrono_literals;

namespace {

Watchdog::Clock::time_point at(std::chrono::seconds time) { return Watchdog::Clock::time_point{} + 1h + time; }

using Names = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(watchdog)

BOOST_AUTO_TEST_CASE(a_thread_that_does_not_come_on_is_named_after_the_patience) {
  Watchdog dog{10s};
  BOOST_TEST(dog.silent({{"apply", 1}}, at(0s)).empty());
  BOOST_TEST(dog.silent({{"apply", 1}}, at(9s)).empty());
  BOOST_TEST(dog.silent({{"apply", 1}}, at(10s)) == Names{"apply"});
  BOOST_TEST(dog.silent({{"apply", 2}}, at(30s)).empty());
  BOOST_TEST(dog.silent({{"apply", 2}}, at(39s)).empty());
}

BOOST_AUTO_TEST_CASE(one_thread_that_comes_on_does_not_speak_for_another) {
  Watchdog dog{10s};
  BOOST_TEST(dog.silent({{"apply", 1}, {"receiver", 1}}, at(0s)).empty());
  BOOST_TEST(dog.silent({{"apply", 1}, {"receiver", 2}}, at(10s)) == Names{"apply"});
}

BOOST_AUTO_TEST_CASE(who_is_excused_has_its_patience_again_afterwards) {
  Watchdog dog{10s};
  BOOST_TEST(dog.silent({{"apply", 1, true}}, at(0s)).empty());
  BOOST_TEST(dog.silent({{"apply", 1, true}}, at(100s)).empty());
  BOOST_TEST(dog.silent({{"apply", 1, false}}, at(109s)).empty());
  BOOST_TEST(dog.silent({{"apply", 1, false}}, at(110s)) == Names{"apply"});
}

BOOST_AUTO_TEST_CASE(a_thread_that_has_ended_is_not_missed) {
  Watchdog dog{10s};
  BOOST_TEST(dog.silent({{"receiver", 1}}, at(0s)).empty());
  BOOST_TEST(dog.silent({}, at(20s)).empty());
}

BOOST_AUTO_TEST_CASE(only_a_watched_thread_beats_and_only_while_it_is_watched) {
  core::beat();
  BOOST_TEST(core::WatchedThread::all().empty());
  {
    const core::WatchedThread watched{"mine"};
    core::beat();
    std::jthread{[] { core::beat(); }}.join();
    const auto all = core::WatchedThread::all();
    BOOST_REQUIRE(all.size() == 1U);
    BOOST_TEST(all.front().name == "mine");
    BOOST_TEST(all.front().beats == 1U);
    BOOST_TEST(!all.front().is_excused);
    const core::Excused excused;
    BOOST_TEST(core::WatchedThread::all().front().is_excused);
    {
      const core::Excused for_a_second{0s};
      BOOST_TEST(!core::WatchedThread::all().front().is_excused);
    }
  }
  BOOST_TEST(core::WatchedThread::all().empty());
}

BOOST_AUTO_TEST_SUITE_END()
