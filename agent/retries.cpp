#include "agent/retries.hpp"

#include <spdlog/spdlog.h>

#include "core/pause.hpp"

namespace agent {

using core::ErrorKind;

namespace {

// What fails so often in a row will not be cured by trying on.
constexpr int kMostFailures = 8;

}  // namespace

void Retries::came_on() {
  failures_ = 0;
  backoff_.reset();
}

bool Retries::waits_after(const core::Error& error, const std::stop_token& stop) {
  if (!is_cured_by_time(error)) return false;
  const bool is_disk_full = error.kind() == ErrorKind::State;
  if (!is_disk_full && ++failures_ == kMostFailures) return false;
  const auto pause = backoff_.next();
  spdlog::warn("{} wait_ms={}: {}", what_, pause.count(), error.what());
  return core::pause(pause, stop);
}

bool is_cured_by_time(const core::Error& error) { return error.is_transient() || error.kind() == ErrorKind::InDoubt; }

}  // namespace agent
