#include "replication/receiver.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "core/pause.hpp"
#include "core/watched_thread.hpp"
#include "replication/memory_held_transactions.hpp"
#include "replication/slot.hpp"
#include "replication/stream_session.hpp"

namespace replication {

namespace {

constexpr std::string_view kObjectInUse = "55006";
constexpr std::string_view kObjectNotInPrerequisiteState = "55000";
constexpr std::string_view kUndefinedObject = "42704";
constexpr std::string_view kInternalError = "XX000";
constexpr std::string_view kUntranslatableCharacter = "22P05";
constexpr std::string_view kNotInRepertoire = "22021";
/// The slot is there, the log that it needs is not.
constexpr std::string_view kUndefinedFile = "58P01";
/// How soon a stop is noticed while the queue is full.
constexpr std::chrono::milliseconds kStopTick{100};

}  // namespace

Receiver::Receiver(ReceiverOptions options, core::BoundedQueue<core::StreamEvent>& queue, Progress& progress)
    : options_(std::move(options)),
      queue_(queue),
      progress_(progress),
      own_held_(std::make_unique<MemoryHeldTransactions>()),
      held_(*own_held_),
      backoff_(options_.first_backoff, options_.most_backoff, options_.backoff_seed) {}

Receiver::Receiver(ReceiverOptions options, core::BoundedQueue<core::StreamEvent>& queue, Progress& progress,
                   core::HeldTransactions& held)
    : options_(std::move(options)),
      queue_(queue),
      progress_(progress),
      held_(held),
      backoff_(options_.first_backoff, options_.most_backoff, options_.backoff_seed) {}

Receiver::~Receiver() = default;

void Receiver::run(const std::stop_token& stop) {
  while (!stop.stop_requested() && !queue_.is_closed()) {
    std::chrono::milliseconds pause{0};
    try {
      stream(stop);
    } catch (const core::Error& error) {
      if (stop.stop_requested()) {
        spdlog::info("the stream ended while it was being stopped: {}", error.what());
        break;
      }
      judge(error);
      pause = backoff_.next();
      spdlog::warn("the stream broke, connecting again attempt={} wait_ms={} applied_lsn={}: {}", ++tries_,
                   pause.count(), progress_.applied().to_string(), error.what());
      const std::lock_guard lock{mutex_};
      state_.last_error = error.what();
    }
    if (stop.stop_requested()) break;
    announce_interruption(stop);
    if (pause.count() > 0 && !core::pause(pause, stop)) break;
  }
}

void Receiver::stream(const std::stop_token& stop) {
  is_replay_requested_ = false;
  FAILPOINT("before_stream_connected");
  StreamSession session{options_, queue_, progress_, held_};
  is_interruption_due_ = true;
  tries_in_use_ = 0;
  {
    const std::lock_guard lock{mutex_};
    ++state_.sessions;
    past_origins_ = state_.origins;
  }
  publish_state(&session);
  spdlog::info("streaming slot={} applied_lsn={}", options_.slot, progress_.applied().to_string());
  try {
    session.run(stop, is_replay_requested_, is_asked_, [&] {
      if (session.has_heard()) {
        backoff_.reset();
        tries_ = 0;
      }
      publish_state(&session);
    });
  } catch (...) {
    publish_state(nullptr);
    throw;
  }
  publish_state(nullptr);
}

void Receiver::judge(const core::Error& error) {
  using enum core::ErrorKind;
  if (error.sqlstate() == kObjectInUse) {
    if (++tries_in_use_ >= options_.most_tries_in_use) {
      if (error.kind() == State) throw error;
      throw slot_in_use(options_.slot, std::nullopt);
    }
    end_orphan();
    return;
  }
  if (error.kind() == Source && (error.sqlstate() == kObjectNotInPrerequisiteState ||
                                 error.sqlstate() == kUndefinedObject || error.sqlstate() == kUndefinedFile)) {
    refuse(error);
  }
  if (error.kind() == Source &&
      (error.sqlstate() == kUntranslatableCharacter || error.sqlstate() == kNotInRepertoire)) {
    // Nothing can be left out of a stream: the source would fail here for ever.
    core::Error stuck = error;
    throw stuck.remedy(error.remedy() + "; its log still has it as it was, so " + copy_anew(options_.slot));
  }
  if (error.kind() == Source && error.sqlstate() == kInternalError && options_.streams_uncommitted) {
    // Servers cannot decode every transaction before its end: after a change of a table was rolled back to a savepoint, they do
    // not find the table. Read whole, after its commit, the same transaction is decoded.
    options_.streams_uncommitted = false;
    spdlog::warn("the source fails to decode a transaction, connecting again without streaming before the commit: {}",
                 error.what());
    return;
  }
  if (error.kind() == Protocol) {
    const core::Lsn at = progress_.applied();
    if (nonsense_at_ == at) throw error;
    nonsense_at_ = at;
    return;
  }
  if (error.kind() == State && error.is_transient()) {
    // The disk is full that held transactions go to: the source keeps everything until there is room.
    spdlog::warn("the stream cannot be held, reading it again from the checkpoint: {}", error.what());
    return;
  }
  if (error.kind() != Source || !error.is_transient()) throw error;
}

void Receiver::end_orphan() {
  try {
    pg::Session session{options_.source, "orphan"};
    if (replication::end_orphan(session, options_.slot, pg::application_name(options_.purpose))) {
      spdlog::info("ended the walsender of a connection that had broken slot={}", options_.slot);
    }
  } catch (const core::Error& error) {
    spdlog::debug("could not end the slot's holder: {}", error.what());
  }
}

void Receiver::refuse(const core::Error& error) {
  // The server's own words do not tell a missing slot from a missing publication: look.
  try {
    pg::ReplicationConnection connection{options_.source, options_.purpose};
    require_streamable(connection, options_, progress_.applied());
  } catch (const core::Error& finding) {
    if (finding.kind() == core::ErrorKind::Refused) throw;
    spdlog::warn("could not look at the slot: {}", finding.what());
  }
  throw core::Error{core::ErrorKind::Refused, "the source refuses to go on with the stream"}
      .with("slot", options_.slot)
      .with("publication", options_.publication)
      .with("applied_lsn", progress_.applied().to_string())
      .with("cause", error.message())
      .sqlstate(error.sqlstate())
      .remedy("run `agent check`; if the publication or the slot was dropped and made again, or log is missing, " +
              copy_anew(options_.slot));
}

void Receiver::announce_interruption(const std::stop_token& stop) {
  if (!is_interruption_due_) return;
  // Reset first: an event offered before this point may be thrown away by the applier.
  progress_.interrupted();
  constexpr std::size_t kEventBytes = sizeof(core::StreamEvent);
  while (queue_.try_push(core::Interrupted{}, kEventBytes)) {
    core::beat();
    queue_.wait_for_room(kEventBytes, kStopTick);
    if (stop.stop_requested()) return;
  }
  is_interruption_due_ = false;
}

void Receiver::publish_state(const StreamSession* session) {
  const std::size_t held_bytes = held_.held_bytes();
  const std::lock_guard lock{mutex_};
  state_.is_streaming = session != nullptr;
  state_.is_paused = session != nullptr && session->is_paused();
  state_.backend_pid = session != nullptr ? session->backend_pid() : 0;
  state_.held_bytes = held_bytes;
  if (session == nullptr) return;
  state_.heard = session->heard();
  state_.counters = session->counters();
  for (const auto& [name, transactions] : state_.counters.origins) {
    const auto past = past_origins_.find(name);
    std::uint64_t& known = state_.origins[name];
    if (known == 0) {
      spdlog::warn(
          "changes come to the source by replication from elsewhere, and are applied like its own; if they come from "
          "the "
          "target, end that replication origin={}",
          name);
    }
    known = (past == past_origins_.end() ? 0 : past->second) + transactions;
  }
}

ReceiverState Receiver::state() const {
  const std::lock_guard lock{mutex_};
  return state_;
}

}  // namespace replication
