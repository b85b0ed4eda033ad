#include "replication/slot_forecast.hpp"

#include <algorithm>

namespace replication {

namespace {

// A burst shorter than the first is no forecast; what was longer ago than the second says nothing of now.
constexpr std::chrono::seconds kLeast{10};
constexpr std::chrono::minutes kMost{5};

}  // namespace

void SlotForecast::look(const SlotHealth& health, Clock::time_point now) {
  if (!health.safe_wal_size) {
    looks_.clear();
    return;
  }
  // The one before the last that is too old stays: with it the looks cover all of the time.
  while (looks_.size() > 1 && now - looks_[1].at >= kMost) looks_.pop_front();
  looks_.push_back({now, *health.safe_wal_size});
}

std::optional<std::chrono::seconds> SlotForecast::lost_in() const {
  if (looks_.empty()) return std::nullopt;
  const Look& last = looks_.back();
  if (last.safe_bytes <= 0) return std::chrono::seconds{0};
  const Look& first = looks_.front();
  const std::chrono::duration<double> time = last.at - first.at;
  const std::int64_t used = first.safe_bytes - last.safe_bytes;
  if (time < kLeast || used <= 0) return std::nullopt;
  const double seconds = static_cast<double>(last.safe_bytes) * time.count() / static_cast<double>(used);
  // A century is for ever, and fits.
  return std::chrono::seconds{static_cast<std::int64_t>(std::min(seconds, 3.2e9))};
}

}  // namespace replication
