#pragma once

#include <chrono>
#include <concepts>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/sanitizer.hpp"

namespace tests {

/// What a bounded wait throws when its time is over; the text names what it waited for.
class Timeout : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Looks at a condition every 10 ms until it holds. Throws Timeout, naming `what`, when it has not held for `limit`; under a sanitizer, for
/// several times as long.
template <std::predicate Condition>
void wait_until(Condition condition, const std::string& what,
                std::chrono::milliseconds limit = std::chrono::seconds(30)) {
  // Short enough that a test does not feel it, long enough that a waiting test leaves the processor to what it waits
  // for.
  constexpr std::chrono::milliseconds kInterval{10};
  const auto deadline = std::chrono::steady_clock::now() + limit * kSlowness;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      throw Timeout("waited " + std::to_string((limit * kSlowness).count()) + " ms in vain: " + what);
    }
    std::this_thread::sleep_for(kInterval);
  }
}

}  // namespace tests
