#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/database.hpp"

namespace soak {

/// The old application at work: sessions that run live transactions all the time, and one that removes rows again, so that the
/// tables keep the size that they had. Whatever happens to their server, they come back. Its schemas `workload` and `soak` must not
/// be published.
class LiveWork {
 public:
  /// `pause_ms` is the rest of a session after each transaction. Nothing runs before go().
  LiveWork(const tests::Database& source, std::uint64_t seed, int sessions, double pause_ms);
  ~LiveWork();
  LiveWork(const LiveWork&) = delete;
  LiveWork& operator=(const LiveWork&) = delete;

  void go();
  /// Returns when no transaction is under way any more. Throws tests::Timeout.
  void rest();
  /// Transactions that were committed so far, by the source's own count.
  [[nodiscard]] long transactions() const;
  /// What the server said last to a session that had to try again; empty when none had to.
  [[nodiscard]] std::string last_error() const;

 private:
  void repeat(const std::string& call, std::chrono::milliseconds pause, const std::stop_token& stop);

  tests::Database source_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_going_ = false;   // protected by mutex_
  int active_ = 0;          // protected by mutex_
  std::string last_error_;  // protected by mutex_
  std::vector<std::jthread> threads_;
};

}  // namespace soak
