#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "core/lsn.hpp"

namespace agent {

/// Where the applier stands still for a moment, so that somebody can look at both databases as of one position of the source: first between two
/// transactions, so that a snapshot of the source may be taken that is not behind it; then before the first transaction that this snapshot does not contain.
///
/// Nobody holds the applier for longer than a lease: whoever asked and died is forgotten, and the applier goes on. The asker learns at the end whether
/// the lease lasted.
class Fence {
 public:
  /// A stream that has stood still for a second is behind by a second.
  static constexpr std::chrono::milliseconds kLease{1000};

  // For the asker.

  /// Asks the applier to stand still and waits for it, no longer than a lease. False when it does not come to a boundary in that time (a large
  /// transaction), or somebody else holds it: then nothing is asked any more. `holder` names the asker from here on.
  bool hold(const std::string& holder);
  /// Lets it go on to `limit` and stand still there. False when the lease was over before.
  bool let_go_to(const std::string& holder, core::Lsn limit);
  enum class State : std::uint8_t {
    Gone,      ///< the lease is over, or another holds it
    Going,     ///< it is on its way
    Standing,  ///< it stands at what was asked for
  };
  [[nodiscard]] State state(const std::string& holder) const;
  /// Lets it go on for good. Whether it stood still until now.
  bool release(const std::string& holder);

  // For the applier, between two transactions.

  /// Stands still as long as it is asked to; at once when there is nothing to stand for. Everything before `applied` is applied.
  void pass(core::Lsn applied, const std::stop_token& stop);
  /// Stands still before a transaction that begins its commit at `next`, if it must not be applied yet. Whether it did.
  bool pass_before(core::CommitLsn next, const std::stop_token& stop);
  /// Whether such a transaction has to wait.
  [[nodiscard]] bool is_beyond(core::CommitLsn next) const;

 private:
  void stand(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  [[nodiscard]] bool belongs_to(const std::string& holder) const { return !holder_.empty() && holder_ == holder; }

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // Protected by mutex_.
  std::string holder_;              // empty: nobody asks for anything
  std::optional<core::Lsn> limit_;  // none: stand still at the next boundary
  bool is_standing_ = false;
};

}  // namespace agent
