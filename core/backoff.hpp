#pragma once

#include <chrono>
#include <cstdint>

namespace core {

/// Waiting times between retries: doubling from `first` to `most`, each with up to 50 % of jitter taken off, so that agents
/// that lost the same server do not come back in step. Deterministic from its seed.
class Backoff {
 public:
  using Duration = std::chrono::milliseconds;
  Backoff(Duration first, Duration most, std::uint64_t seed)
      : first_(first), most_(most), next_(first), random_(seed) {}

  /// How long to wait before the next try.
  [[nodiscard]] Duration next();
  /// After a success: the next failure starts from `first` again.
  void reset() { next_ = first_; }

 private:
  Duration first_;
  Duration most_;
  Duration next_;
  std::uint64_t random_;
};

}  // namespace core
