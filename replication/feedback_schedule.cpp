#include "replication/feedback_schedule.hpp"

#include <algorithm>

namespace replication {

namespace {

/// Where the server has no timeout we still want to notice that it is gone; this is the server's default.
constexpr FeedbackSchedule::Duration kTimeoutWithoutServers{60'000};

}  // namespace

FeedbackSchedule::FeedbackSchedule(Duration server_timeout, Duration status_interval, Duration ack_interval,
                                   TimePoint now)
    : timeout_(server_timeout.count() > 0 ? server_timeout : kTimeoutWithoutServers),
      // A third, not a half: one status may be late.
      status_interval_(std::max(std::min(status_interval, timeout_ / 3), Duration{1})),
      ack_interval_(std::min(ack_interval, status_interval_)),
      heard_(now),
      sent_(now - status_interval_),
      asked_(now) {}

FeedbackSchedule::Due FeedbackSchedule::due(TimePoint now, core::Lsn flushed) const {
  if (now - heard_ >= timeout_ / 2 && !has_asked_) return Due::Question;
  if (now - sent_ >= status_interval_) return Due::Status;
  if (now - sent_ >= ack_interval_ && flushed > flushed_) return Due::Status;
  return Due::Nothing;
}

bool FeedbackSchedule::is_dead(TimePoint now) const {
  // The question must have had time for its answer, also when we were kept from sending it in time.
  return has_asked_ && now - heard_ >= timeout_ && now - asked_ >= timeout_ / 2;
}

}  // namespace replication
