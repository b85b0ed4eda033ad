#include "replication/feedback_schedule.hpp"

#include <boost/test/unit_test.hpp>

using replication::FeedbackSchedule;
using namespace std::chrono_literals;
using Due = FeedbackSchedule::Due;

namespace {

const FeedbackSchedule::TimePoint kStart{1000s};
const core::Lsn kNowhere;

/// A schedule that has just sent a status.
FeedbackSchedule make(FeedbackSchedule::Duration server_timeout) {
  FeedbackSchedule schedule{server_timeout, 10s, 100ms, kStart};
  schedule.sent(kStart, kNowhere);
  return schedule;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(feedback_schedule)

BOOST_AUTO_TEST_CASE(the_first_status_is_due_at_once) {
  const FeedbackSchedule schedule{60s, 10s, 100ms, kStart};
  BOOST_CHECK(schedule.due(kStart, kNowhere) == Due::Status);
}

BOOST_AUTO_TEST_CASE(a_status_is_due_every_ten_seconds_and_well_within_a_shorter_timeout) {
  FeedbackSchedule usual = make(60s);
  usual.heard(kStart + 9s);
  BOOST_CHECK(usual.due(kStart + 9s, kNowhere) == Due::Nothing);
  BOOST_CHECK(usual.due(kStart + 10s, kNowhere) == Due::Status);

  FeedbackSchedule hurried = make(3s);
  hurried.heard(kStart + 1s);
  BOOST_CHECK(hurried.due(kStart + 999ms, kNowhere) == Due::Nothing);
  BOOST_CHECK(hurried.due(kStart + 1s, kNowhere) == Due::Status);
}

BOOST_AUTO_TEST_CASE(progress_is_told_soon_but_not_for_every_transaction) {
  const FeedbackSchedule schedule = make(60s);
  BOOST_CHECK(schedule.due(kStart + 50ms, core::Lsn{5}) == Due::Nothing);
  BOOST_CHECK(schedule.due(kStart + 100ms, core::Lsn{5}) == Due::Status);
  BOOST_CHECK(schedule.due(kStart + 100ms, kNowhere) == Due::Nothing);
}

BOOST_AUTO_TEST_CASE(a_silent_server_is_asked_once_and_then_given_up) {
  FeedbackSchedule schedule = make(8s);
  BOOST_CHECK(schedule.due(kStart + 4s, kNowhere) == Due::Question);
  schedule.sent(kStart + 4s, kNowhere);
  schedule.asked(kStart + 4s);
  BOOST_CHECK(schedule.due(kStart + 5s, kNowhere) == Due::Nothing);
  BOOST_TEST(!schedule.is_dead(kStart + 7s));
  BOOST_TEST(schedule.is_dead(kStart + 8s));
  schedule.heard(kStart + 8s);
  BOOST_TEST(!schedule.is_dead(kStart + 15s));
}

BOOST_AUTO_TEST_CASE(a_server_without_timeout_is_watched_all_the_same) {
  FeedbackSchedule schedule = make(0s);
  BOOST_CHECK(schedule.due(kStart + 30s, kNowhere) == Due::Question);
  schedule.asked(kStart + 30s);
  BOOST_TEST(schedule.is_dead(kStart + 60s));
}

BOOST_AUTO_TEST_CASE(a_question_asked_late_still_gets_time_for_its_answer) {
  FeedbackSchedule schedule = make(8s);
  schedule.asked(kStart + 20s);
  BOOST_TEST(!schedule.is_dead(kStart + 21s));
  BOOST_TEST(schedule.is_dead(kStart + 24s));
}

BOOST_AUTO_TEST_SUITE_END()
