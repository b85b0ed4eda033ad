#pragma once

#include <chrono>
#include <cstdint>

#include "core/lsn.hpp"

namespace replication {

/// When to send a status, and when a silent server is to be taken for dead. Pure: the caller brings the time.
class FeedbackSchedule {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::milliseconds;

  enum class Due : std::uint8_t {
    Nothing,
    Status,    ///< the server's timeout, or progress that it should know
    Question,  ///< nothing was heard for long: ask for a reply
  };

  /// `server_timeout`: wal_sender_timeout of the session, 0 when it is switched off there.
  FeedbackSchedule(Duration server_timeout, Duration status_interval, Duration ack_interval, TimePoint now);

  void heard(TimePoint now) {
    heard_ = now;
    has_asked_ = false;
  }
  void sent(TimePoint now, core::Lsn flushed) {
    sent_ = now;
    flushed_ = flushed;
  }
  void asked(TimePoint now) {
    asked_ = now;
    has_asked_ = true;
  }

  /// Whether the acknowledgement may have to be looked up: enough time has passed since the last status.
  [[nodiscard]] bool may_be_due(TimePoint now) const { return now - sent_ >= ack_interval_; }
  /// What to do now if `flushed` is what may be acknowledged.
  [[nodiscard]] Due due(TimePoint now, core::Lsn flushed) const;
  /// Nothing was heard for the whole timeout although the server was asked.
  [[nodiscard]] bool is_dead(TimePoint now) const;

 private:
  Duration timeout_;
  Duration status_interval_;
  Duration ack_interval_;
  TimePoint heard_;
  TimePoint sent_;
  TimePoint asked_;
  bool has_asked_ = false;
  core::Lsn flushed_;
};

}  // namespace replication
