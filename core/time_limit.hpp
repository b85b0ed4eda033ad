#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>
#include <utility>

#include "core/pause.hpp"

namespace core {

/// A stop that comes by itself after some time, or with another one: for what has no time limit of its own.
class TimeLimit {
 public:
  TimeLimit(std::chrono::milliseconds limit, std::stop_token also)
      : also_(std::move(also), [this] { stop_.request_stop(); }),
        clock_([this, limit](const std::stop_token& unneeded) {
          if (pause(limit, unneeded)) stop_.request_stop();
        }) {}

  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> also_;
  std::jthread clock_;  // last: it looks at the others
};

}  // namespace core
