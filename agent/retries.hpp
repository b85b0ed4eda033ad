#pragma once

#include <stop_token>
#include <string>

#include "core/backoff.hpp"
#include "core/error.hpp"

namespace agent {

/// Lets steps that failed be done again, with growing pauses, while that may help: up to eight failures in a row, of errors that go away by
/// themselves. A full disk of the state directory does not count: nobody but its owner can end that, and nothing is lost meanwhile.
class Retries {
 public:
  /// `what` begins the line that each failure gets: "the snapshot was interrupted and goes on".
  explicit Retries(std::string what) : what_(std::move(what)) {}

  /// Runs `step`, which must be one that may be begun again, until it succeeds. Throws what no repetition cures, the last failure, and the
  /// one after which a stop was requested.
  template <typename Step>
  auto run(const std::stop_token& stop, Step step) {
    for (;;) {
      try {
        return step();
      } catch (const core::Error& error) {
        if (!waits_after(error, stop)) throw;
      }
    }
  }

  /// Something is done that will not be done again: failures are counted anew.
  void came_on();

 private:
  /// Waits for the next try. False when there is none.
  [[nodiscard]] bool waits_after(const core::Error& error, const std::stop_token& stop);

  const std::string what_;
  core::Backoff backoff_{std::chrono::milliseconds{200}, std::chrono::seconds{15}, 1};
  int failures_ = 0;
};

/// Whether an error goes away by itself, or tells only that the answer to a COMMIT was lost.
[[nodiscard]] bool is_cured_by_time(const core::Error& error);

}  // namespace agent
