#pragma once

#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/bounded_queue.hpp"
#include "core/transaction.hpp"
#include "replication/receiver.hpp"
#include "tests/integration/replication/source.hpp"

namespace tests {

using Columns = std::vector<std::optional<std::string>>;

/// A target as simple as can be: tables as bags of rows in memory, changed by whole transactions.
class Tables {
 public:
  /// Throws std::runtime_error when a change does not find its row.
  void apply(const core::Change& change);
  [[nodiscard]] std::multiset<Columns> rows(const std::string& table) const;

 private:
  /// Rows by the columns of their replica identity.
  using Rows = std::multimap<Columns, Columns>;
  [[nodiscard]] static Rows::iterator find(Rows& rows, const core::Relation& relation, const core::Row& by);

  std::map<std::string, Rows> tables_;
};

/// A receiver and an applier, each on its thread: what the agent does with the stream, into Tables.
class Reader {
 public:
  /// Goes on from `checkpoint`.
  Reader(replication::ReceiverOptions options, core::Lsn checkpoint, std::size_t queue_bytes = std::size_t{1} << 20U);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// Writes a marker to the source and waits until its transaction is applied. Throws Timeout, or what ended a thread.
  void catch_up(const Source& source);
  /// The applier takes nothing more from the queue until it is resumed.
  void hold();
  void resume();
  /// Throws away what it has of the open transaction and of the queue, and asks for all of it again.
  void rewind() { must_rewind_ = true; }
  /// Waits until run() of the receiver ends by itself, and throws what it threw.
  void wait_for_end();
  void stop();

  [[nodiscard]] std::multiset<Columns> rows(const std::string& table) const;
  [[nodiscard]] core::Lsn applied() const { return progress_.applied(); }
  [[nodiscard]] core::Lsn acked() const { return progress_.acked(); }
  [[nodiscard]] replication::ReceiverState state() const { return receiver_.state(); }
  [[nodiscard]] std::size_t transactions() const { return transactions_; }
  [[nodiscard]] std::size_t parts() const { return parts_; }

 private:
  void apply(const std::stop_token& stop);
  void take(core::TransactionPart part);
  void rethrow() const;

  core::BoundedQueue<core::StreamEvent> queue_;
  replication::Progress progress_;
  replication::Receiver receiver_;

  std::atomic<bool> is_held_ = false;
  std::atomic<bool> must_rewind_ = false;
  std::atomic<bool> is_receiver_done_ = false;
  std::atomic<std::size_t> transactions_ = 0;
  std::atomic<std::size_t> parts_ = 0;

  // Used by the applier's thread only.
  std::vector<core::Change> open_;
  std::vector<std::string> open_markers_;
  bool discards_until_interrupted_ = false;
  bool expects_first_ = true;

  mutable std::mutex mutex_;
  // Protected by mutex_.
  Tables tables_;
  std::set<std::string> markers_;
  std::exception_ptr failure_;

  // Last: stopped and joined before anything else goes.
  std::jthread applier_;
  std::jthread reader_;
};

/// The rows of a table as the source has them.
[[nodiscard]] std::multiset<Columns> rows_of(const Source& source, const std::string& table);

}  // namespace tests
