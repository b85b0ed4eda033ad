#include "core/backoff.hpp"

#include <algorithm>

namespace core {

Backoff::Duration Backoff::next() {
  // SplitMix64 (Steele, Lea, Flood 2014): jitter needs spread, not secrecy.
  random_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t bits = random_;
  bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EBULL;
  bits ^= bits >> 31U;
  const Duration wait = next_;
  next_ = std::min(next_ * 2, most_);
  const auto half = static_cast<std::uint64_t>(wait.count() / 2);
  return wait - Duration{static_cast<Duration::rep>(half == 0 ? 0 : bits % half)};
}

}  // namespace core
