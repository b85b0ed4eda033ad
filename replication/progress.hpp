#pragma once

#include <mutex>
#include <optional>

#include "core/lsn.hpp"

namespace replication {

/// The three positions of the stream, and the only place that computes an acknowledgement:
///
///   received  how far the source has sent: ends of transactions, and keepalives
///   applied   what the checkpoint on the target says, durably: ends of applied transactions, and checkpointed horizons
///   acked     what the source was told, which lets it forget everything before
///
/// Invariant: acked <= applied <= received, each monotonic. A keepalive alone never moves `applied`: its position is offered as
/// an idle horizon only while nothing is pending, and counts once it is in the checkpoint. Thread-safe: the receiver thread
/// reports what comes in, the applier thread what is durable.
class Progress {
 public:
  /// `checkpoint`: applied_lsn of the checkpoint row, or the slot's consistent point when nothing was applied yet.
  explicit Progress(core::Lsn checkpoint);

  // For the receiver.

  /// A whole transaction was received; call it before the applier can see its last part.
  void received(core::EndLsn end);
  /// A keepalive came: decoding has got this far.
  void heard(core::Lsn wal_end);
  /// A position to checkpoint, when the source has got further than the checkpoint and every transaction received whole is
  /// applied. The caller answers for it that no transaction is under way. Each position is offered once.
  [[nodiscard]] std::optional<core::Lsn> idle_horizon();
  /// Whether idle_horizon() would offer something.
  [[nodiscard]] bool has_idle_horizon() const;
  /// The stream broke: a horizon that was offered may have been discarded with what was queued; offer it again.
  void interrupted();
  /// What may be acknowledged now; counts as acknowledged from here on.
  [[nodiscard]] core::Lsn ack();

  // For the applier; both after the checkpoint row is durable. Throw Error(Bug) when the position goes back, or beyond what was
  // received.

  void applied(core::EndLsn end);
  void checkpointed(core::Lsn horizon);

  // For everybody.

  [[nodiscard]] core::Lsn received() const;
  [[nodiscard]] core::Lsn applied() const;
  [[nodiscard]] core::Lsn acked() const;
  /// Every transaction that was received whole is applied.
  [[nodiscard]] bool is_nothing_pending() const;

 private:
  void advance_applied(core::Lsn position);
  [[nodiscard]] bool is_nothing_pending_locked() const { return last_transaction_ <= applied_; }

  mutable std::mutex mutex_;
  // Protected by mutex_.
  core::Lsn received_;
  core::Lsn last_transaction_;  ///< end of the last transaction received whole
  core::Lsn wal_end_;           ///< of the last keepalive
  core::Lsn offered_;           ///< the last idle horizon given out
  core::Lsn applied_;
  core::Lsn acked_;
};

}  // namespace replication
