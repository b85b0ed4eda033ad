#pragma once

#include <mutex>
#include <string>
#include <vector>

namespace soak {

/// What must not have happened and did: each a sentence. Any of them makes the run a failure. Thread-safe.
class Findings {
 public:
  void add(std::string what) {
    const std::lock_guard lock{mutex_};
    // A broken invariant is seen at every look from then on; the first ones say it all.
    if (all_.size() < kMost) all_.push_back(std::move(what));
  }
  [[nodiscard]] std::vector<std::string> all() const {
    const std::lock_guard lock{mutex_};
    return all_;
  }

 private:
  static constexpr std::size_t kMost = 50;
  mutable std::mutex mutex_;
  std::vector<std::string> all_;
};

}  // namespace soak
