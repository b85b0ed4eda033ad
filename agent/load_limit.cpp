#include "agent/load_limit.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "agent/control_socket.hpp"
#include "core/error.hpp"

namespace agent {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// An agent that is behind by more is held up by somebody, perhaps by us.
constexpr double kMostLagSeconds = 2;
constexpr auto kWatchInterval = 1s;
// It may be behind for reasons of its own: the work goes on all the same, slowly.
constexpr auto kLongestRest = 10s;

void wait(Clock::duration time, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any stopped;
  stopped.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

LoadLimit::LoadLimit(std::uint32_t percent, std::optional<std::filesystem::path> beside_agent)
    : percent_(std::clamp(percent, 1U, 100U)) {
  if (!beside_agent) return;
  watch_ = std::jthread{[this, state_dir = *beside_agent](const std::stop_token& stop) { watch(state_dir, stop); }};
}

void LoadLimit::watch(const std::filesystem::path& state_dir, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    bool is_behind = false;
    try {
      const auto status = ask_agent(state_dir, {{"command", "status"}}, 5s);
      is_behind = status && status->value("lag_seconds", 0.0) > kMostLagSeconds;
    } catch (const core::Error&) {
      // It is stopping or busy: nothing is known, so nothing is held against anybody.
    }
    if (is_behind != is_behind_.exchange(is_behind)) {
      spdlog::info(is_behind ? "resting while the agent is behind" : "the agent has caught up: going on");
    }
    wait(kWatchInterval, stop);
  }
}

void LoadLimit::rest(const std::stop_token& stop) {
  // Of this worker: when it came back from its last rest.
  thread_local Clock::time_point began = Clock::now();
  if (percent_ < 100) wait((Clock::now() - began) * (100 - percent_) / percent_, stop);
  const auto until = Clock::now() + kLongestRest;
  while (is_behind_ && Clock::now() < until && !stop.stop_requested()) wait(100ms, stop);
  began = Clock::now();
}

}  // namespace agent
