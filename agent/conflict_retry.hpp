#pragma once

#include <spdlog/spdlog.h>

#include <chrono>
#include <stop_token>

#include "core/backoff.hpp"
#include "core/error.hpp"
#include "core/pause.hpp"
#include "pg/sqlstate.hpp"

namespace agent {

/// Runs `step` again while it loses against somebody else's locks (deadlock, serialization failure, lock timeout, object in use):
/// the application goes on working while the agent starts, and a CREATE PUBLICATION of many tables meets its TRUNCATE of a few.
/// `step` must be one that may be begun again. Other errors, the conflict of the tenth try
/// and the one after which a stop was requested are thrown.
template <typename Step>
auto through_conflicts(const char* what, const std::stop_token& stop, Step step) {
  constexpr int kTries = 10;
  core::Backoff backoff{std::chrono::milliseconds{100}, std::chrono::seconds{5}, 1};
  for (int attempt = 1;; ++attempt) {
    try {
      return step();
    } catch (const core::Error& error) {
      const std::string& state = error.sqlstate();
      const bool is_conflict = state.starts_with("40") || state == pg::kLockNotAvailable || state == "55006";
      if (!is_conflict || !error.is_transient() || attempt == kTries) throw;
      const auto wait = backoff.next();
      spdlog::warn("{} met somebody else's locks and is tried again in {} ms: {}", what, wait.count(), error.what());
      if (!core::pause(wait, stop)) throw;
    }
  }
}

}  // namespace agent
