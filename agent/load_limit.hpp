#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <thread>

namespace agent {

/// Keeps a long piece of work from being felt: it works only a share of the time, and rests while the running agent falls behind. Thread-safe.
class LoadLimit {
 public:
  /// `percent`: how much of its time each worker may work, 1 to 100. With `beside_agent`, that agent's lag is watched.
  LoadLimit(std::uint32_t percent, std::optional<std::filesystem::path> beside_agent);

  /// To be called by each worker between two pieces of work: waits as long as it takes. Returns early when stopped.
  void rest(const std::stop_token& stop);

 private:
  void watch(const std::filesystem::path& state_dir, const std::stop_token& stop);

  const std::uint32_t percent_;
  std::atomic<bool> is_behind_ = false;
  std::jthread watch_;  // last: joined before what it uses goes
};

}  // namespace agent
