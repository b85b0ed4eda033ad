#pragma once

#include <chrono>
#include <stop_token>

namespace core {

/// Lets `time` pass, or less when a stop is requested. False when stopped, also before or at the end. A watched thread is
/// taken to come on.
[[nodiscard]] bool pause(std::chrono::milliseconds time, const std::stop_token& stop);

}  // namespace core
