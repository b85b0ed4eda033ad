#pragma once

#include <stop_token>
#include <thread>

namespace agent {

/// Turns SIGTERM and SIGINT into a stop request; a second one changes nothing. Make it before other threads, which inherit that the
/// signals are blocked. SIGPIPE is ignored from here on.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::jthread listener_;
};

}  // namespace agent
