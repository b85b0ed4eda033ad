#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "agent/environment.hpp"
#include "agent/fence.hpp"
#include "agent/source_watch.hpp"
#include "agent/start_position.hpp"
#include "agent/table_record.hpp"
#include "apply/applier.hpp"
#include "core/bounded_queue.hpp"
#include "core/error.hpp"
#include "core/transaction.hpp"
#include "pg/session.hpp"
#include "replication/progress.hpp"
#include "replication/receiver.hpp"
#include "state/store.hpp"

namespace agent {

/// When a sync ends by itself.
struct Until {
  /// Everything committed before it is applied, and nothing that committed at or after it. No value: runs until stopped.
  std::optional<core::Lsn> lsn;
};

/// The stream from the source to the target: a receiver thread that never waits for the target, and the applier on the caller's thread.
/// The one place that keeps the order *target commit → local state, synced → acknowledgement*.
class Pipeline {
 public:
  Pipeline(const Environment& environment, state::Store& store, const apply::Ledger& ledger,
           const StartPosition& start);

  /// Streams until stopped (the batch in hand is finished or rolled back) or until `until` is reached; true in the latter case.
  /// Throws what neither a retry nor a new connection can cure.
  bool run(const Until& until, const std::stop_token& stop);

  /// What the source changed without a row event until now ends run(), at the latest where `until` is reached. Before run(), then by the watch alone.
  void look_at_schema(pg::Session& source);

  /// Runs `task` on the applier's thread between two batches, outside of any transaction, when local state has caught up with the target.
  /// Thread-safe. The future holds its exception.
  std::future<void> between_batches(std::function<void(apply::Applier&)> task);

  /// The same at exactly one position: when everything committed before it is applied, and nothing that committed at or after it. To be called from
  /// a task between batches, with a position that is not passed yet, as that of a snapshot which the task has taken.
  std::future<void> at(core::Lsn position, std::function<void(apply::Applier&)> task);
  /// Where it can be made to stand still. Thread-safe.
  [[nodiscard]] Fence& fence() { return fence_; }

  [[nodiscard]] core::Lsn applied() const { return progress_.applied(); }
  /// How many target rows could not be removed, by route.
  [[nodiscard]] std::vector<std::int64_t> unremoved() const { return applier_.unremoved(); }
  [[nodiscard]] replication::ReceiverState receiver() const { return receiver_.state(); }
  /// Age of the oldest commit that is received and not applied; 0 when there is none.
  [[nodiscard]] double lag_seconds() const;
  /// For how long nothing was heard from the source, which is asked now and has a second to answer; 0 when it does.
  [[nodiscard]] double unheard_seconds();

 private:
  using Parts = std::vector<core::TransactionPart>;
  [[nodiscard]] bool has_passed(core::TableId table, const TableRecord& now, pg::Session& source);
  void note_truncates(const Parts& parts);
  void require_same_schema();
  bool apply_events(const Until& until, const std::stop_token& stop);
  Parts gather(core::TransactionPart first, const Until& until);
  [[nodiscard]] bool is_applied_on_target(const core::TransactionPart& part) const;
  /// Whether local state is still behind what an earlier run brought to the target.
  [[nodiscard]] bool is_catching_up() const;
  void apply_with_retries(const Parts& parts, const std::stop_token& stop);
  void apply_once(const Parts& parts, const std::stop_token& stop);
  void commit(core::EndLsn end, bool is_on_target, const std::stop_token& stop);
  void follow(core::EndLsn end, const std::stop_token& stop);
  bool settle_doubt(core::EndLsn end, const std::stop_token& stop);
  void abandon(const std::stop_token& stop);
  void request_replay(const std::stop_token& stop);
  void require_own_checkpoint(const std::optional<core::Lsn>& found) const;
  void settle_mixed();
  void checkpoint_idle(core::Lsn horizon);
  template <typename Work>
  bool patiently(Work work, const std::stop_token& stop);
  std::packaged_task<void()> packaged(std::function<void(apply::Applier&)> task);
  void run_tasks();
  void keep_appointments(core::Lsn reached);
  [[nodiscard]] bool has_appointment_before(core::CommitLsn commit) const;
  void note_oldest(const Parts& parts);

  const Environment& environment_;
  state::Store& store_;
  const apply::Ledger& ledger_;
  core::Lsn on_target_;   // the target's checkpoint at start: transactions before it change local state only
  core::Lsn checkpoint_;  // the target's checkpoint as this agent left it
  apply::QuarantinedRows refused_;

  core::BoundedQueue<core::StreamEvent> queue_;
  replication::Progress progress_;
  replication::Receiver receiver_;
  apply::Applier applier_;
  SourceWatch watch_;
  Fence fence_;
  struct Undecided {
    std::string record;
    core::Lsn before;  ///< the table was so when everything before it was committed
  };
  std::map<core::TableId, Undecided> undecided_;  // tables that the stream may still tell a TRUNCATE of; of the watch
  std::optional<core::StreamEvent> next_;         // taken from the queue, not yet looked at
  bool is_reached_derived_ = false;
  bool is_replaying_ = false;  // everything is thrown away until the stream begins again

  // Protected by mutex_.
  mutable std::mutex mutex_;
  std::deque<std::packaged_task<void()>> tasks_;
  std::multimap<core::Lsn, std::packaged_task<void()>> appointments_;
  std::optional<core::Timestamp> oldest_;
  struct SchemaChange {
    core::Error error;
    core::Lsn before;  ///< everything committed before it may still be applied
  };
  std::optional<SchemaChange> schema_change_;
};

}  // namespace agent
