#include "agent/pipeline.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <string>
#include <thread>

#include "agent/quarantine_retry.hpp"
#include "agent/schema_watch.hpp"
#include "apply/operator_name.hpp"
#include "apply/writer_fence.hpp"
#include "core/backoff.hpp"
#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "core/pause.hpp"
#include "core/thread_name.hpp"
#include "core/watched_thread.hpp"
#include "pg/session.hpp"
#include "replication/marker.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;

// What may wait between receiver and applier: enough to gather full batches while one is being written, little enough to stay in bounds.
constexpr std::size_t kQueueBytes = 32U << 20U;
// What the transactions of one batch may have together, as one part of a large one has.
constexpr std::size_t kBatchBytes = replication::PartLimits{}.bytes;
// How long the applier waits for something to do before it looks after tasks and the stop signal.
constexpr std::chrono::milliseconds kNap{200};
// A source that is asked for a sign of life gives it in a round trip, be it busy a few of them.
constexpr std::chrono::seconds kAnswerWait{1};
constexpr std::chrono::milliseconds kAnswerTick{10};

replication::ReceiverOptions receiver_options(const Environment& environment, const state::Store& store) {
  return {.source = environment.source,
          .slot = environment.config.source.slot,
          .publication = environment.config.source.publication,
          .purpose = stream_purpose(store),
          .identity = environment.source_identity,
          .limits = {},
          // Agents that lost the same server shall not come back in step.
          .backoff_seed = std::hash<std::string>{}(store.progress().run)};
}

std::size_t rows_of(const core::TransactionPart& part) { return std::max<std::size_t>(part.changes.size(), 1); }

/// Between two tries of what failed and goes away by itself.
core::Backoff retry_pauses(std::uint64_t seed) {
  return core::Backoff{std::chrono::milliseconds{50}, std::chrono::seconds{10}, seed};
}

/// The pause before the next try of what failed; one line says what and when.
std::chrono::milliseconds announce_retry(const Error& error, core::Backoff& backoff, int attempt) {
  const char* what = error.kind() == ErrorKind::State ? "the local state cannot be written" : "the target failed";
  const auto pause = backoff.next();
  spdlog::warn("{}, trying again attempt={} wait_ms={}: {}", what, attempt, pause.count(), error.what());
  return pause;
}

}  // namespace

Pipeline::Pipeline(const Environment& environment, state::Store& store, const apply::Ledger& ledger,
                   const StartPosition& start)
    : environment_(environment),
      store_(store),
      ledger_(ledger),
      on_target_(start.checkpoint.applied),
      checkpoint_(start.checkpoint.applied),
      queue_(kQueueBytes),
      progress_(store.progress().applied),
      receiver_(receiver_options(environment, store), queue_, progress_, store.held_transactions()),
      applier_(environment.target, environment.plan, store, ledger,
               {.purpose = "apply",
                .limit = {.share = environment.config.apply.max_quarantine},
                .memory_bytes = std::size_t{environment.config.apply.memory_mb} << 20U,
                .run = store.progress().run}),
      watch_(environment, ledger, start.mark) {
  applier_.set_mixed(store.progress().mixed_until.is_valid());
  if (on_target_ > progress_.applied()) {
    ledger_.quarantine().for_each_refused(
        applier_.session().sql(), environment_.plan, apply::QuarantineTable::Discarded::With,
        [this](std::span<const apply::RouteRow> rows) { refused_.insert(rows.begin(), rows.end()); });
    spdlog::info("local state is behind the target and catches up local_lsn={} checkpoint_lsn={}",
                 progress_.applied().to_string(), on_target_.to_string());
  }
}

/// A change that the stream does not tell stops the agent once everything is applied that was committed before it was noticed. One that the stream
/// does tell stops it there, at the first row that it touches.
void Pipeline::look_at_schema(pg::Session& source) {
  {
    const std::lock_guard lock{mutex_};
    if (schema_change_) return;
  }
  bool is_passed = false;
  auto error = agent::look_at_schema(
      environment_, store_, source, [](core::TableId) { return false; },
      [&](core::TableId table, const TableRecord& now) {
        const bool is_it = has_passed(table, now, source);
        is_passed = is_passed || is_it;
        return is_it;
      });
  if (!error) return;
  const core::Lsn seen = is_passed ? progress_.applied() : replication::emit_marker(source, "schema").barrier_lsn;
  error->with("seen_lsn", seen.to_string());
  spdlog::warn("stopping behind lsn={}: {}", seen.to_string(), error->message());
  const std::lock_guard lock{mutex_};
  schema_change_ = {std::move(*error), seen};
}

bool Pipeline::has_passed(core::TableId table, const TableRecord& now, pg::Session& source) {
  const std::string record = format_record(now);
  Undecided& undecided = undecided_[table];
  if (undecided.record != record) undecided = {record, replication::emit_marker(source, "schema").barrier_lsn};
  return progress_.applied() >= undecided.before;
}

/// Whoever finds the files of all partitions changed asks whether that was a TRUNCATE of the table.
void Pipeline::note_truncates(const Parts& parts) {
  for (const core::TransactionPart& part : parts) {
    for (const core::Change& change : part.changes) {
      if (!std::holds_alternative<core::Truncate>(change.what)) continue;
      const mapping::SourceTable* table = environment_.plan.find_table(change.relation->oid);
      if (table != nullptr) note_truncate(store_, *table, part.xid);
    }
  }
}

void Pipeline::require_same_schema() {
  const std::lock_guard lock{mutex_};
  if (!schema_change_ || progress_.applied() < schema_change_->before) return;
  throw Error{schema_change_->error}.with("applied_lsn", progress_.applied().to_string());
}

bool Pipeline::run(const Until& until, const std::stop_token& stop) {
  std::exception_ptr failure;
  std::exception_ptr refusal;
  std::jthread watching{[&](const std::stop_token& ended) {
    core::name_thread("watch");
    try {
      watch_.run(ended, [this](pg::Session& source) { look_at_schema(source); });
    } catch (...) {
      refusal = std::current_exception();
      queue_.close();
    }
  }};
  bool is_reached = false;
  {
    std::stop_source receiving;
    std::jthread receiver{[&] {
      const core::WatchedThread watched{"receiver"};
      try {
        receiver_.run(receiving.get_token());
      } catch (...) {
        failure = std::current_exception();
      }
      queue_.close();
    }};
    try {
      is_reached = apply_events(until, stop);
      FAILPOINT("before_stream_stopped");
    } catch (...) {
      receiving.request_stop();
      queue_.close();
      receiver.join();
      throw;
    }
    // What was applied is acknowledged by the receiver's last status.
    FAILPOINT("before_stream_stopped");
    receiving.request_stop();
  }
  FAILPOINT("after_stream_stopped");
  applier_.abandon();
  watching.request_stop();
  watching.join();
  if (refusal) std::rethrow_exception(refusal);
  // "Everything until there" is said only when the publication was whole all the time.
  if (is_reached) {
    watch_.look_at_the_end([this](pg::Session& source) {
      if (!undecided_.empty()) look_at_schema(source);
    });
    require_same_schema();
  }
  if (failure && !is_reached && !stop.stop_requested()) std::rethrow_exception(failure);
  return is_reached;
}

bool Pipeline::apply_events(const Until& until, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    core::beat();
    if (!applier_.is_open()) {
      require_same_schema();
      if (!patiently([this] { settle_mixed(); }, stop)) return false;
      // What local state says while it catches up is older than what the target has.
      if (!is_catching_up()) run_tasks();
      keep_appointments(progress_.applied());
      fence_.pass(progress_.applied(), stop);
    }
    if (until.lsn && progress_.applied() >= *until.lsn) return true;
    auto event = next_ ? std::exchange(next_, std::nullopt) : queue_.pop(kNap);
    if (!event) {
      if (queue_.is_closed() && queue_.is_empty()) return false;
      continue;
    }
    if (auto* part = std::get_if<core::TransactionPart>(&*event)) {
      if (is_replaying_) continue;
      // In local state already: sent again after a reconnect.
      if (core::contains(progress_.applied(), part->commit_lsn)) continue;
      if (until.lsn && part->commit_lsn.lsn >= *until.lsn) return true;
      if (!applier_.is_open()) keep_appointments(part->commit_lsn.lsn);
      if (!applier_.is_open() && fence_.pass_before(part->commit_lsn, stop)) {
        next_ = std::move(event);
        continue;
      }
      apply_with_retries(gather(std::move(*part), until), stop);
    } else if (std::holds_alternative<core::Interrupted>(*event)) {
      abandon(stop);
      is_replaying_ = false;
    } else if (!is_replaying_ && !applier_.is_open()) {
      const core::Lsn horizon = std::get<core::IdleHorizon>(*event).horizon;
      if (!patiently([&] { checkpoint_idle(horizon); }, stop)) return false;
    }
  }
  return false;
}

bool Pipeline::is_applied_on_target(const core::TransactionPart& part) const {
  return core::contains(on_target_, part.commit_lsn);
}

bool Pipeline::is_catching_up() const { return progress_.applied() < on_target_; }

Pipeline::Parts Pipeline::gather(core::TransactionPart first, const Until& until) {
  Parts parts;
  std::size_t rows = rows_of(first);
  std::size_t bytes = first.bytes();
  const bool is_on_target = is_applied_on_target(first);
  parts.push_back(std::move(first));
  while (rows < environment_.config.apply.batch_rows && bytes < kBatchBytes) {
    auto event = queue_.try_pop();
    if (!event) break;
    auto* part = std::get_if<core::TransactionPart>(&*event);
    const bool fits = part != nullptr && is_applied_on_target(*part) == is_on_target &&
                      !(until.lsn && part->commit_lsn.lsn >= *until.lsn) && !has_appointment_before(part->commit_lsn) &&
                      !fence_.is_beyond(part->commit_lsn);
    if (!fits) {
      next_ = std::move(event);
      break;
    }
    rows += rows_of(*part);
    bytes += part->bytes();
    parts.push_back(std::move(*part));
  }
  return parts;
}

/// Work of its own transaction, done again from its beginning whenever something fails that goes away by itself. False when stopped first.
/// Precondition: nothing is open; `work` may be repeated after it took effect.
template <typename Work>
bool Pipeline::patiently(Work work, const std::stop_token& stop) {
  core::Backoff backoff = retry_pauses(progress_.applied().bytes());
  for (int attempt = 1;; ++attempt) {
    std::chrono::milliseconds pause{0};
    try {
      if (applier_.session().sql().is_broken()) applier_.reconnect();
      work();
      return true;
    } catch (const Error& error) {
      if (!error.is_transient()) throw;
      pause = announce_retry(error, backoff, attempt);
    }
    if (!core::pause(pause, stop)) return false;
    try {
      applier_.reconnect();
    } catch (const Error& error) {
      if (!error.is_transient()) throw;
    }
  }
}

/// First, what a crash between the two commits of a retry left is derived again.
/// Past the newest snapshot that chunks were read under, all rows are of one moment: what was refused before gets its fair trial.
void Pipeline::settle_mixed() {
  state::Progress local = store_.progress();
  if (is_catching_up()) return;
  refused_ = {};
  if (!is_reached_derived_) {
    applier_.derive_reached();
    is_reached_derived_ = true;
  }
  if (!local.mixed_until.is_valid() || local.applied < local.mixed_until) return;
  FAILPOINT("before_mixed_settled");
  const auto result = retry_quarantined(environment_, ledger_, applier_, {}, apply::operator_name());
  // It rested until now. A start after this refuses again, since the rows stay unsettled.
  applier_.check_limit(apply::Applier::Judged::Everything);
  spdlog::info("rows of several snapshots are settled lsn={} retried={} applied={}", local.mixed_until.to_string(),
               result.retried, result.applied);
  local.mixed_until = {};
  store_.save_progress(local);
  FAILPOINT("after_mixed_settled");
  applier_.set_mixed(false);
}

void Pipeline::note_oldest(const Parts& parts) {
  const std::lock_guard lock{mutex_};
  oldest_ = parts.empty() ? std::nullopt : std::optional{parts.front().commit_time};
}

double Pipeline::lag_seconds() const {
  const std::lock_guard lock{mutex_};
  if (!oldest_) return 0;
  const auto age = std::chrono::system_clock::now() - *oldest_;
  return std::max(0.0, std::chrono::duration<double>(age).count());
}

double Pipeline::unheard_seconds() {
  const auto asked = std::chrono::steady_clock::now();
  receiver_.ask();
  for (;;) {
    const replication::ReceiverState state = receiver_.state();
    if (state.heard > asked) return 0;
    const auto now = std::chrono::steady_clock::now();
    if (!state.is_streaming || now - asked > kAnswerWait)
      return std::chrono::duration<double>(now - state.heard).count();
    std::this_thread::sleep_for(kAnswerTick);
  }
}

/// The order that everything rests on: the data with its checkpoint, then the local state, then the source is told.
void Pipeline::commit(core::EndLsn end, bool is_on_target, const std::stop_token& stop) {
  if (!is_on_target) {
    applier_.commit_target(end.lsn);
    checkpoint_ = end.lsn;
    FAILPOINT("after_target_commit");
  }
  follow(end, stop);
}

/// The target holds everything before `end`: local state comes after, however long its disk is full, and only then the source is told.
/// Stopped before that, local state stays behind, and the next start catches up.
void Pipeline::follow(core::EndLsn end, const std::stop_token& stop) {
  state::Progress local = store_.progress();
  local.applied = end.lsn;
  core::Backoff backoff = retry_pauses(end.lsn.bytes());
  for (int attempt = 1;; ++attempt) {
    std::chrono::milliseconds pause{0};
    try {
      applier_.commit_state(local, std::nullopt, state::Overlay::Sync::Yes);
      break;
    } catch (const Error& error) {
      if (!error.is_transient()) throw;
      pause = announce_retry(error, backoff, attempt);
    }
    if (!core::pause(pause, stop)) return;
  }
  FAILPOINT("after_state_write");
  progress_.applied(end);
  FAILPOINT("after_progress_moved");
}

void Pipeline::apply_once(const Parts& parts, const std::stop_token& stop) {
  note_truncates(parts);
  const bool is_on_target = is_applied_on_target(parts.front());
  if (is_on_target) {
    applier_.catch_up(parts, refused_);
    FAILPOINT("in_catch_up");
  } else {
    require_own_checkpoint(applier_.open());
    applier_.apply(parts);
  }
  if (!parts.back().is_last) return;  // the rest of the transaction follows
  commit(parts.back().end_lsn, is_on_target, stop);
}

/// Whoever moved it wrote rows as well: what is decided here would rest on a state that is no more.
void Pipeline::require_own_checkpoint(const std::optional<core::Lsn>& found) const {
  if (found == checkpoint_) return;
  throw Error(ErrorKind::Refused,
              "the checkpoint on the target is not where this agent left it: another agent writes to this target")
      .with("slot", environment_.config.source.slot)
      .with("checkpoint_lsn", found ? found->to_string() : "none")
      .with("expected_lsn", checkpoint_.to_string())
      .remedy("stop the other agent; only one may run per slot");
}

/// After a connection was lost at COMMIT: whether it did commit is what the checkpoint says, once nothing of that connection is under
/// way any more. True when it did.
bool Pipeline::settle_doubt(core::EndLsn end, const std::stop_token& stop) {
  FAILPOINT("before_doubt_settled");
  pg::Session target(environment_.target, "doubt");
  const auto checkpoint = apply::settle_writers(target, ledger_, store_.progress().run);
  if (checkpoint != end.lsn) {
    require_own_checkpoint(checkpoint);
    return false;
  }
  spdlog::info("the COMMIT in doubt had been done applied_lsn={}", end.lsn.to_string());
  checkpoint_ = end.lsn;
  follow(end, stop);
  return true;
}

void Pipeline::apply_with_retries(const Parts& parts, const std::stop_token& stop) {
  note_oldest(parts);
  // Earlier parts of this transaction are in the open target transaction only: if that is lost, the source has to send them again.
  const bool continues = applier_.is_open();
  core::Backoff backoff = retry_pauses(parts.front().xid);
  bool is_in_doubt = false;
  bool needs_session = false;
  for (int attempt = 1;; ++attempt) {
    try {
      if (is_in_doubt && settle_doubt(parts.back().end_lsn, stop)) {
        needs_session = true;  // for the next batch; nothing of this one is left to do
        is_in_doubt = false;
        break;
      }
      if (is_in_doubt && continues) {
        request_replay(stop);
        break;
      }
      if (is_in_doubt || needs_session) applier_.reconnect();
      is_in_doubt = needs_session = false;
      apply_once(parts, stop);
      break;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::InDoubt) {
        is_in_doubt = true;
      } else if (!error.is_transient()) {
        applier_.abandon();
        throw;
      }
      const auto pause = announce_retry(error, backoff, attempt);
      if (!is_in_doubt) {
        abandon(stop);
        // A prepared statement that a change of the schema has overtaken is prepared anew in a new session only.
        needs_session = needs_session || applier_.session().sql().is_broken() || error.sqlstate() == "0A000";
      }
      if (!core::pause(pause, stop)) return;
      if (continues && !is_in_doubt) {
        request_replay(stop);
        break;
      }
    }
  }
  if (needs_session || applier_.session().sql().is_broken()) patiently([] {}, stop);
  note_oldest({});
}

/// Rolls back on both sides, however long a full disk keeps local state from taking back what a large transaction wrote ahead. Throws when
/// stopped before: the next start does it.
void Pipeline::abandon(const std::stop_token& stop) {
  core::Backoff backoff = retry_pauses(progress_.applied().bytes());
  for (int attempt = 1;; ++attempt) {
    try {
      return applier_.abandon();
    } catch (const Error& error) {
      if (!error.is_transient()) throw;
      if (!core::pause(announce_retry(error, backoff, attempt), stop)) throw;
    }
  }
}

/// The parts of a transaction that were applied before were rolled back with it: the source sends all of it again.
void Pipeline::request_replay(const std::stop_token& stop) {
  abandon(stop);
  receiver_.request_replay();
  is_replaying_ = true;
}

void Pipeline::checkpoint_idle(core::Lsn horizon) {
  if (horizon <= progress_.applied()) return;
  FAILPOINT("before_idle_checkpoint");
  if (horizon > on_target_) {
    // What did get through in an earlier try is simply written again.
    if (const auto found = applier_.open(); found != horizon) require_own_checkpoint(found);
    applier_.commit_target(horizon);
    checkpoint_ = horizon;
  }
  FAILPOINT("after_idle_checkpoint");
  state::Progress local = store_.progress();
  local.applied = horizon;
  applier_.commit_state(local, std::nullopt, state::Overlay::Sync::Yes);
  progress_.checkpointed(horizon);
}

std::packaged_task<void()> Pipeline::packaged(std::function<void(apply::Applier&)> task) {
  return std::packaged_task<void()>{[this, task = std::move(task)] {
    try {
      if (applier_.session().sql().is_broken()) applier_.reconnect();
      task(applier_);
    } catch (...) {
      // What the task left open must not become part of the next batch; what it may have brought to the target alone is derived again.
      is_reached_derived_ = false;
      applier_.abandon();
      throw;
    }
  }};
}

std::future<void> Pipeline::between_batches(std::function<void(apply::Applier&)> task) {
  auto one = packaged(std::move(task));
  auto future = one.get_future();
  const std::lock_guard lock{mutex_};
  tasks_.push_back(std::move(one));
  return future;
}

std::future<void> Pipeline::at(core::Lsn position, std::function<void(apply::Applier&)> task) {
  auto one = packaged(std::move(task));
  auto future = one.get_future();
  const std::lock_guard lock{mutex_};
  appointments_.emplace(position, std::move(one));
  return future;
}

/// Everything before `reached` is applied, and nothing that committed at or after it.
void Pipeline::keep_appointments(core::Lsn reached) {
  for (;;) {
    std::packaged_task<void()> task;
    {
      const std::lock_guard lock{mutex_};
      if (appointments_.empty() || appointments_.begin()->first > reached) return;
      task = std::move(appointments_.extract(appointments_.begin()).mapped());
    }
    task();
  }
}

bool Pipeline::has_appointment_before(core::CommitLsn commit) const {
  const std::lock_guard lock{mutex_};
  return !appointments_.empty() && appointments_.begin()->first <= commit.lsn;
}

void Pipeline::run_tasks() {
  for (;;) {
    std::packaged_task<void()> task;
    {
      const std::lock_guard lock{mutex_};
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace agent
