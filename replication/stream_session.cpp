#include "replication/stream_session.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <thread>
#include <utility>

#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "core/watched_thread.hpp"
#include "pg/quoting.hpp"
#include "pg/server_version.hpp"
#include "replication/feedback.hpp"
#include "replication/slot.hpp"
#include "replication/slot_health.hpp"
#include "replication/start_command.hpp"
#include "replication/timeline.hpp"

namespace replication {

namespace {

/// How long one wait for the server may take: bounds how late a stop, or an acknowledgement, is noticed. Data end it at once.
constexpr std::chrono::milliseconds kMostWait{100};
/// How often room on disk is looked for.
constexpr std::chrono::milliseconds kStallRetry{500};
constexpr std::chrono::milliseconds kStopTimeout{5'000};

core::Timestamp wall_clock() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

void require_publication(pg::ReplicationConnection& connection, const std::string& publication,
                         const std::string& slot) {
  // Servers from 18 on send nothing at all for a missing publication, and say so in their own log only.
  const pg::Result result = connection.exec(
      fmt::format("select from pg_catalog.pg_publication where pubname = {}", pg::quote_literal(publication)));
  if (result.rows() != 0) return;
  throw core::Error{core::ErrorKind::Refused, "the publication does not exist on the source"}
      .with("publication", publication)
      .remedy("changes made while it was missing are lost to the stream: " + copy_anew(slot));
}

std::chrono::milliseconds server_timeout(pg::ReplicationConnection& connection) {
  const pg::Result result =
      connection.exec("select setting from pg_catalog.pg_settings where name = 'wal_sender_timeout'");
  return std::chrono::milliseconds{result.integer(0, 0)};
}

/// A connection on which everything was looked at that can be looked at before the stream starts.
pg::ReplicationConnection checked_connection(const ReceiverOptions& options, core::Lsn applied) {
  pg::ReplicationConnection connection{options.source, options.purpose};
  require_streamable(connection, options, applied);
  return connection;
}

}  // namespace

void require_streamable(pg::ReplicationConnection& connection, const ReceiverOptions& options, core::Lsn applied) {
  if (options.identity) require_same_history(connection, *options.identity, applied, options.slot);
  require_publication(connection, options.publication, options.slot);
  const std::string database = connection.exec("select pg_catalog.current_database()").text(0, 0);
  const auto health = read_slot_health(connection, options.slot);
  require_usable(health, {options.slot, database, applied});
  if (health && health->is_endangered()) {
    spdlog::warn("the source may soon invalidate the replication slot slot={} retained_bytes={} applied_lsn={}",
                 options.slot, health->retained_bytes.value_or(0), applied.to_string());
  }
}

StreamSession::StreamSession(const ReceiverOptions& options, core::BoundedQueue<core::StreamEvent>& queue,
                             Progress& progress, core::HeldTransactions& held)
    : options_(options),
      queue_(queue),
      progress_(progress),
      connection_(checked_connection(options, progress.applied())),
      assembler_(held, progress.applied(), options.limits),
      schedule_(server_timeout(connection_), options.status_interval, options.ack_interval, Clock::now()),
      horizon_offered_(Clock::now()) {
  FAILPOINT("before_stream_started");
  // The applier may have got further since the assembler was made: then the server skips more than the assembler would.
  connection_.start(start_command({connection_.server_version()}, options.slot, progress.applied(), options.publication,
                                  options.streams_uncommitted));
  FAILPOINT("after_stream_started");
}

void StreamSession::run(const std::stop_token& stop, const std::atomic<bool>& is_over, std::atomic<bool>& is_asked,
                        const std::function<void()>& on_status) {
  while (!stop.stop_requested() && !is_over.load(std::memory_order_relaxed) && step(on_status)) {
    if (is_asked.exchange(false)) send_status(Clock::now(), true);
  }
  // The stop is clean also where the server does not play along: it sends again what was not acknowledged.
  try {
    send_status(Clock::now(), false);
    connection_.stop(kStopTimeout);
  } catch (const core::Error& error) {
    spdlog::warn("the stream did not end in order: {}", error.what());
  }
  on_status();
}

bool StreamSession::step(const std::function<void()>& on_status) {
  core::beat();
  const auto now = Clock::now();
  give_feedback(now, on_status);

  // What was stalled may complete a transaction, which has to be handed on before anything else is fed.
  if (!deliver() || (stalled_ && (!feed_stalled(now) || !deliver()))) {
    // Reading pauses, sending does not: any status keeps the server from taking us for dead. Its silence is our own doing.
    is_paused_ = true;
    schedule_.heard(now);
    // Room in the queue ends the pause at once, room on disk with the next look.
    if (waiting_) {
      queue_.wait_for_room(waiting_bytes_, kMostWait);
    } else {
      std::this_thread::sleep_for(kMostWait);
    }
    return !queue_.is_closed();
  }
  is_paused_ = false;
  if (now - horizon_offered_ >= options_.status_interval) offer_horizon();

  const auto frame = connection_.receive(kMostWait);
  if (frame) {
    const ServerFrame parsed = parse_server_frame(*frame);
    take(parsed, now);
    static_cast<void>(deliver());
    if (std::holds_alternative<KeepaliveFrame>(parsed)) on_status();
    return true;
  }
  if (connection_.is_ended()) {
    throw core::Error{core::ErrorKind::Source, "the source ended the stream"}.with("slot", options_.slot).transient();
  }
  if (schedule_.is_dead(Clock::now())) {
    throw core::Error{core::ErrorKind::Source, "nothing was heard from the source for its whole timeout"}
        .with("slot", options_.slot)
        .transient();
  }
  return !queue_.is_closed();
}

void StreamSession::give_feedback(Clock::time_point now, const std::function<void()>& on_status) {
  if (!schedule_.may_be_due(now)) return;
  const core::Lsn applied = progress_.applied();
  assembler_.release_applied(applied);
  const FeedbackSchedule::Due due = schedule_.due(now, applied);
  if (due == FeedbackSchedule::Due::Nothing) return;
  send_status(now, due == FeedbackSchedule::Due::Question);
  if (due == FeedbackSchedule::Due::Question) schedule_.asked(now);
  on_status();
}

void StreamSession::send_status(Clock::time_point now, bool wants_reply) {
  FAILPOINT("before_ack");
  const core::Lsn flushed = progress_.ack();
  connection_.send(encode_feedback({progress_.received(), flushed, wall_clock(), wants_reply}));
  FAILPOINT("after_ack");
  schedule_.sent(now, flushed);
}

bool StreamSession::deliver() {
  while (true) {
    if (!waiting_) {
      auto part = assembler_.next();
      if (!part) return true;
      // Before the applier can see it: nothing may look idle in between.
      if (part->is_last) progress_.received(part->end_lsn);
      FAILPOINT("before_part_queued");
      waiting_bytes_ = part->bytes();
      waiting_ = std::move(*part);
    }
    waiting_ = queue_.try_push(std::move(*waiting_), waiting_bytes_);
    if (waiting_) return false;
  }
}

bool StreamSession::feed_stalled(Clock::time_point now) {
  if (now < stalled_retry_) return false;
  const std::string payload = *std::exchange(stalled_, std::nullopt);
  feed(payload);
  return !stalled_;
}

void StreamSession::offer_horizon() {
  if (!assembler_.is_idle() || waiting_ || stalled_) return;
  horizon_offered_ = Clock::now();
  const auto horizon = progress_.idle_horizon();
  if (!horizon) return;
  constexpr std::size_t kEventBytes = sizeof(core::StreamEvent);
  waiting_ = queue_.try_push(core::IdleHorizon{*horizon}, kEventBytes);
  waiting_bytes_ = kEventBytes;
}

void StreamSession::take(const ServerFrame& frame, Clock::time_point now) {
  schedule_.heard(now);
  has_heard_ = true;
  heard_ = Clock::now();  // a frame is waited for
  if (const auto* data = std::get_if<DataFrame>(&frame)) {
    FAILPOINT("after_message_received");
    feed(data->payload);
    return;
  }
  const auto& keepalive = std::get<KeepaliveFrame>(frame);
  progress_.heard(keepalive.wal_end);
  if (!keepalive.wants_reply) return;
  send_status(now, false);
  offer_horizon();
}

void StreamSession::feed(std::string_view payload) {
  try {
    assembler_.feed(payload);
  } catch (const core::Error& error) {
    if (error.kind() != core::ErrorKind::State || !error.is_transient()) throw;
    spdlog::warn("reading pauses, a streamed transaction finds no room: {}", error.what());
    stalled_ = std::string{payload};
    stalled_retry_ = Clock::now() + kStallRetry;
  }
}

}  // namespace replication
