#include "replication/slot_forecast.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using replication::SlotForecast;
using replication::SlotHealth;
using namespace std::chrono_literals;

struct Server {
  SlotForecast forecast;
  SlotForecast::Clock::time_point now{};

  void leaves(std::optional<std::int64_t> bytes, std::chrono::seconds later = 0s) {
    now += later;
    SlotHealth health;
    health.safe_wal_size = bytes;
    forecast.look(health, now);
  }
  [[nodiscard]] std::optional<std::int64_t> seconds() const {
    const auto lost_in = forecast.lost_in();
    return lost_in ? std::optional{static_cast<std::int64_t>(lost_in->count())} : std::nullopt;
  }
};

}  // namespace

// reliability 156
BOOST_AUTO_TEST_SUITE(slot_forecast)

BOOST_AUTO_TEST_CASE(what_is_left_lasts_as_long_as_it_takes_to_write_it) {
  Server server;
  server.leaves(10'000);
  server.leaves(9'000, 10s);
  BOOST_TEST((server.seconds() == 90));
  server.leaves(5'000, 10s);  // 250 a second by now
  BOOST_TEST((server.seconds() == 20));
}

BOOST_AUTO_TEST_CASE(nothing_is_foretold_from_a_moment_nor_of_room_that_stays_or_has_no_limit) {
  Server server;
  BOOST_TEST(!server.seconds());
  server.leaves(10'000);
  server.leaves(100, 9s);
  BOOST_TEST(!server.seconds());
  server.leaves(10'000, 9s);
  BOOST_TEST(!server.seconds());
  server.leaves(20'000, 60s);
  BOOST_TEST(!server.seconds());
  server.leaves(std::nullopt, 60s);
  BOOST_TEST(!server.seconds());
  server.leaves(10, 60s);  // the limit has come back: as if nothing had been seen
  BOOST_TEST(!server.seconds());
}

BOOST_AUTO_TEST_CASE(nothing_left_is_lost_now) {
  Server server;
  server.leaves(0);
  BOOST_TEST((server.seconds() == 0));
}

BOOST_AUTO_TEST_CASE(an_hour_that_was_quiet_does_not_hide_a_busy_minute) {
  Server server;
  server.leaves(1'000'000);
  for (int minute = 0; minute < 60; ++minute) server.leaves(1'000'000, 60s);
  for (int minute = 0; minute < 6; ++minute) server.leaves(1'000'000 - 60'000 * (minute + 1), 60s);
  BOOST_TEST((server.seconds() == 640));
}

BOOST_AUTO_TEST_CASE(log_that_was_confirmed_and_is_kept_all_the_same_is_held_back_by_an_open_transaction) {
  SlotHealth health;
  health.restart_lsn = core::Lsn(1'000);
  health.wal_position = core::Lsn(9'000);
  health.confirmed_flush_lsn = core::Lsn(8'000);
  BOOST_TEST(health.is_held_back());
  health.confirmed_flush_lsn = core::Lsn(2'000);
  BOOST_TEST(!health.is_held_back());
}

BOOST_AUTO_TEST_SUITE_END()
