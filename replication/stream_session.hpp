#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/bounded_queue.hpp"
#include "core/held_transactions.hpp"
#include "core/transaction.hpp"
#include "pg/replication_connection.hpp"
#include "replication/assembler.hpp"
#include "replication/feedback_schedule.hpp"
#include "replication/progress.hpp"
#include "replication/receiver_options.hpp"
#include "replication/server_frame.hpp"

namespace replication {

/// Throws unless this source can stream from `applied`: Error(Refused) when its history is not the expected one, when
/// the publication is missing, or when the slot is not usable (require_usable).
void require_streamable(pg::ReplicationConnection& connection, const ReceiverOptions& options, core::Lsn applied);

/// One connection's life: from START_REPLICATION to its end. Reads, assembles, hands on, answers; never waits for the applier.
class StreamSession {
 public:
  /// Connects, looks at publication and slot, and starts the stream at what is applied. Throws as require_streamable does, and
  /// Error(Source). The references outlive the session.
  StreamSession(const ReceiverOptions& options, core::BoundedQueue<core::StreamEvent>& queue, Progress& progress,
                core::HeldTransactions& held);

  /// Reads until `stop` is requested or `is_over` says so, then ends the stream in order. Every other end is thrown: Error(Source)
  /// transient for a lost or silent server, Error(Protocol) for bytes without sense.
  /// `on_status` is called after each status that was sent, and after each keepalive. `is_asked` is reset when the server was asked for one.
  void run(const std::stop_token& stop, const std::atomic<bool>& is_over, std::atomic<bool>& is_asked,
           const std::function<void()>& on_status);

  [[nodiscard]] const AssemblerCounters& counters() const { return assembler_.counters(); }
  /// Reading pauses: the queue is full, or there is no room to hold a streamed transaction.
  [[nodiscard]] bool is_paused() const { return is_paused_; }
  [[nodiscard]] std::int32_t backend_pid() const { return connection_.backend_pid(); }
  /// Something came from the server.
  [[nodiscard]] bool has_heard() const { return has_heard_; }
  /// When something came from the server last; at first, when the stream began.
  [[nodiscard]] std::chrono::steady_clock::time_point heard() const { return heard_; }

 private:
  using Clock = std::chrono::steady_clock;

  /// One round: feedback, hand-over, one frame. False when nobody reads the queue any more.
  [[nodiscard]] bool step(const std::function<void()>& on_status);
  void give_feedback(Clock::time_point now, const std::function<void()>& on_status);
  void send_status(Clock::time_point now, bool wants_reply);
  /// Hands over what is complete; false when the queue is full.
  [[nodiscard]] bool deliver();
  /// Feeds what could not be held before; false when there still is no room.
  [[nodiscard]] bool feed_stalled(Clock::time_point now);
  void offer_horizon();
  void take(const ServerFrame& frame, Clock::time_point now);
  void feed(std::string_view payload);

  const ReceiverOptions& options_;
  core::BoundedQueue<core::StreamEvent>& queue_;
  Progress& progress_;
  pg::ReplicationConnection connection_;
  Assembler assembler_;
  FeedbackSchedule schedule_;

  std::optional<core::StreamEvent> waiting_;  ///< did not fit into the queue
  std::size_t waiting_bytes_ = 0;
  std::optional<std::string> stalled_;  ///< a payload for which there was no room on disk
  Clock::time_point stalled_retry_;
  Clock::time_point horizon_offered_;
  bool is_paused_ = false;
  bool has_heard_ = false;
  Clock::time_point heard_ = Clock::now();
};

}  // namespace replication
