#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "core/backoff.hpp"
#include "core/bounded_queue.hpp"
#include "core/held_transactions.hpp"
#include "core/transaction.hpp"
#include "replication/progress.hpp"
#include "replication/receiver_options.hpp"

namespace replication {

class StreamSession;

/// What a receiver is doing, for status and metrics.
struct ReceiverState {
  bool is_streaming = false;
  bool is_paused = false;        ///< the queue is full, or there is no room to hold a streamed transaction
  std::uint64_t sessions = 0;    ///< streams started; each one after the first is a reconnect
  std::int32_t backend_pid = 0;  ///< of the walsender, while streaming
  std::size_t held_bytes = 0;    ///< of streamed transactions
  AssemblerCounters counters;    ///< of the current session
  std::map<std::string, std::uint64_t> origins;  ///< of all sessions: as in AssemblerCounters
  std::chrono::steady_clock::time_point heard;   ///< when something came from the source last
  std::string last_error;                        ///< why the last session ended; empty when none has failed
};

/// Reads the stream from the slot and hands committed transactions to the queue, in commit order, until it is stopped; connects
/// again by itself after every fault that a new connection can cure.
///
/// For the reader of the queue:
///  - after Interrupted, a transaction of which the last part has not come will come again from its first part. So may whole
///    transactions that were handed over but not applied when the connection broke: skip what `core::contains(applied,
///    commit_lsn)`;
///  - when run() returns or throws, a transaction without its last part will not be finished: roll it back;
///  - report what is durable to Progress. IdleHorizon{h} asks for checkpoint := h, then Progress::checkpointed(h).
///
/// To have the last batch acknowledged at a stop, let the applier finish before stopping the receiver.
class Receiver {
 public:
  /// The references outlive the receiver. Without `held`, streamed transactions are held in memory.
  Receiver(ReceiverOptions options, core::BoundedQueue<core::StreamEvent>& queue, Progress& progress);
  Receiver(ReceiverOptions options, core::BoundedQueue<core::StreamEvent>& queue, Progress& progress,
           core::HeldTransactions& held);
  ~Receiver();

  /// Receives until `stop` is requested (or the queue is closed); may take as long as one attempt to connect. Throws what a new
  /// connection cannot cure: Error(Refused) for a slot or publication that is lost, Error(State) for a slot that stays in use,
  /// Error(Source) for permissions, Error(Protocol) for the same nonsense twice at the same position.
  void run(const std::stop_token& stop);

  /// Asks for everything after the applied position once more, from another thread: what the applier does after it rolled back
  /// parts that it no longer has. The answer is an Interrupted in the queue; everything before it is to be thrown away.
  void request_replay() { is_replay_requested_ = true; }

  /// Asks the source for a sign of life, from any thread: `heard` of the state tells of it, very soon where the link is sound.
  void ask() { is_asked_ = true; }

  [[nodiscard]] ReceiverState state() const;

 private:
  void stream(const std::stop_token& stop);
  /// Returns when another connection may help; throws otherwise.
  void judge(const core::Error& error);
  /// The slot is in use: by a connection of our own that broke, perhaps.
  void end_orphan();
  [[noreturn]] void refuse(const core::Error& error);
  void announce_interruption(const std::stop_token& stop);
  void publish_state(const StreamSession* session);

  ReceiverOptions options_;  ///< constant, but for streams_uncommitted
  core::BoundedQueue<core::StreamEvent>& queue_;
  Progress& progress_;
  std::unique_ptr<core::HeldTransactions> own_held_;
  core::HeldTransactions& held_;

  // Used by run() only.
  core::Backoff backoff_;
  unsigned tries_ = 0;  ///< since something was heard
  unsigned tries_in_use_ = 0;
  core::Lsn nonsense_at_;
  bool is_interruption_due_ = false;
  std::map<std::string, std::uint64_t> past_origins_;  ///< of the sessions before this

  std::atomic<bool> is_replay_requested_ = false;
  std::atomic<bool> is_asked_ = false;

  mutable std::mutex mutex_;
  ReceiverState state_;  // protected by mutex_
};

}  // namespace replication
