#include "agent/start_position.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <set>
#include <thread>

#include "agent/directory_identity.hpp"
#include "agent/ledger_query.hpp"
#include "agent/mapping_change.hpp"
#include "apply/operator_name.hpp"
#include "apply/writer_fence.hpp"
#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "cutover/audit.hpp"
#include "pg/replication_connection.hpp"
#include "pg/session.hpp"
#include "replication/publication.hpp"
#include "replication/slot.hpp"
#include "replication/timeline.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;

// Slot creation waits for every running write transaction of the source; a nightly batch job may take its time, a forgotten session for ever.
constexpr std::chrono::seconds kMostWaitForSlot{600};

// Longer than the time after which a source gives up a silent connection (wal_sender_timeout, a minute by default).
constexpr std::chrono::seconds kMostWaitForOrphan{75};

// For the server to notice that the sessions of an agent that was killed are gone.
constexpr std::chrono::seconds kMostWaitForSessions{10};

bool is_our_orphan(pg::Session& source, std::int32_t pid, const state::Store& store) {
  const std::string number = std::to_string(pid);
  const pg::Result result =
      source.exec("select application_name from pg_catalog.pg_stat_activity where pid = $1::pg_catalog.int4", {number});
  return result.rows() == 0 || result.text(0, 0) == "dispatch-sync/" + stream_purpose(store);
}

void ensure_publication(const Environment& environment, pg::Session& source) {
  const std::string& name = environment.config.source.publication;
  const auto wanted = wanted_tables(environment.plan);
  const auto publication = replication::read_publication(source, name);
  if (!publication) {
    FAILPOINT("before_publication_created");
    replication::create_publication(source, name, wanted);
    FAILPOINT("after_publication_created");
    spdlog::info("created the publication publication={} tables={}", name, wanted.size());
    return;
  }
  const auto difference = replication::compare(*publication, wanted);
  if (difference.is_complete()) return;
  replication::alter_publication(source, *publication, wanted);
  spdlog::info("brought the publication to the mapping's tables publication={} change={}", name, difference.describe());
}

/// The history of the source is the one that was copied, up to the checkpoint.
void require_same_source(const Environment& environment, const apply::Checkpoint& checkpoint) {
  if (checkpoint.source == environment.source_identity) return;
  pg::ReplicationConnection connection{environment.source, "history"};
  replication::require_same_history(connection, checkpoint.source, checkpoint.applied, environment.config.source.slot);
}

/// Changes of these tables were not published for a while: their rows are read anew by the snapshot that follows. First of all, so that a
/// crash after the publication was put right does not hide that it was wrong.
void read_anew(const Environment& environment, state::Store& store, const std::set<core::QualifiedName>& tables) {
  if (tables.empty()) return;
  std::set<core::TableId> ids;
  for (const core::QualifiedName& table : tables) {
    spdlog::warn("changes may be missing, the table is read anew: it was not published all the time table={}",
                 table.display());
    if (const mapping::SourceTable* found = environment.plan.find_table(table)) ids.insert(found->id);
  }
  std::vector<state::Chunk> chunks = store.chunks();
  for (state::Chunk& chunk : chunks) {
    if (ids.contains(chunk.table)) chunk.is_loaded = chunk.is_finished = false;
  }
  store.save_chunks(chunks);
  state::Progress progress = store.progress();
  progress.snapshot_finished = false;
  store.save_progress(progress);
}

/// Publication and mark, once there is a checkpoint that they must fit.
SourceMark reconcile_publication(const Environment& environment, pg::Session& source, pg::Session& target,
                                 state::Store& store, const apply::Ledger& ledger,
                                 const apply::Checkpoint& checkpoint) {
  const Config::Source& config = environment.config.source;
  const SourceMark known = decode_source_mark(checkpoint.source_mark);
  const auto found = replication::read_publication(source, config.publication);
  require_same_publication(found, known, config);
  read_anew(environment, store, tables_with_gaps(*found, known, wanted_tables(environment.plan)));
  ensure_publication(environment, source);
  const auto publication = replication::read_publication(source, config.publication);
  require_same_publication(publication, known, config);
  // Changed just now, by this start (which has found a gap, then) or by somebody else.
  if (publication->version != found->version) read_anew(environment, store, wanted_tables(environment.plan));
  const SourceMark mark = mark_source(source, *publication, known.number);
  ledger.note_source(target, environment.source_identity.timeline, encode(mark));
  return mark;
}

void require_local_state_behind(const state::Progress& local, const apply::Checkpoint& checkpoint,
                                const std::string& slot) {
  if (local.applied > checkpoint.applied) {
    throw Error(ErrorKind::Refused,
                "the local state is ahead of the target: the target was restored to an earlier moment")
        .with("local_lsn", local.applied.to_string())
        .with("checkpoint_lsn", checkpoint.applied.to_string())
        .remedy("changes between the two are gone from the target, and the slot will not send them again: " +
                replication::copy_anew(slot));
  }
  if (local.slot_consistent_point.is_valid() && local.slot_consistent_point != checkpoint.consistent_point) {
    throw Error(ErrorKind::State, "the local state belongs to another slot of the same name")
        .with("local_consistent_point", local.slot_consistent_point.to_string())
        .with("checkpoint_consistent_point", checkpoint.consistent_point.to_string())
        .remedy("remove the state directory: it is rebuilt by a differential snapshot");
  }
}

std::string new_run_name() {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
}

pg::ExportedSnapshot create_slot(const Environment& environment, state::Store& store) {
  // The intent is recorded first, so that a crash right after the slot was made is known to be ours.
  state::Progress progress = store.progress();
  if (progress.run.empty()) {
    progress.run = new_run_name();
    store.save_progress(progress);
  }
  FAILPOINT("before_slot_created");
  return pg::ExportedSnapshot::with_slot(
      environment.source, environment.config.source.slot, kMostWaitForSlot,
      [](const std::string& blocker) { spdlog::warn("creating the slot waits for {}", blocker); });
}

/// Before anything is written: the slot can go on from the checkpoint, and nobody else reads from it. The walsender of our own last run
/// may be there still, if that lost its connection without a word.
void require_usable_slot(const Environment& environment, pg::Session& source, const state::Store& store,
                         const apply::Checkpoint& checkpoint) {
  const std::string& slot = environment.config.source.slot;
  const auto give_up = std::chrono::steady_clock::now() + kMostWaitForOrphan;
  for (;;) {
    const auto health = replication::read_slot_health(source, slot);
    try {
      replication::require_usable(health, {slot, environment.source_identity.database, checkpoint.applied});
      return;
    } catch (const Error& error) {
      if (!error.is_transient()) throw;
      const bool is_orphan = health && health->active_pid && !may_be_at_work(environment, checkpoint, store) &&
                             is_our_orphan(source, *health->active_pid, store);
      if (!is_orphan || std::chrono::steady_clock::now() > give_up) throw;
      spdlog::warn("the slot is still held by this agent's last run, which is ended slot={} pid={}", slot,
                   *health->active_pid);
      replication::end_orphan(source, slot, pg::application_name(stream_purpose(store)));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{500});
  }
}

/// Such an agent is not taken from while it can be seen.
void require_no_other_agent(const Environment& environment, pg::Session& target, const apply::Checkpoint& checkpoint,
                            const state::Store& store) {
  if (!may_be_at_work(environment, checkpoint, store)) return;
  const auto give_up = std::chrono::steady_clock::now() + kMostWaitForSessions;
  for (;;) {
    const std::string sessions = apply::sessions_of(target, checkpoint.owner.run);
    if (sessions.empty()) return;
    if (std::chrono::steady_clock::now() > give_up) {
      throw apply::with_owner(
          Error(ErrorKind::State,
                "another agent, with a state directory of its own, writes to the target for this slot")
              .with("slot", environment.config.source.slot),
          checkpoint.owner)
          .with("sessions", sessions)
          .remedy(
              "stop the other agent; if it is gone, end the sessions on the target that it left behind with "
              "pg_terminate_backend");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
}

Error another_had_it(const apply::Checkpoint& checkpoint, const std::string& slot, std::string remedy) {
  return apply::with_owner(
      Error(ErrorKind::Refused,
            "an agent with another state directory has had this slot since: the local state is outdated")
          .with("slot", slot)
          .remedy(std::move(remedy)),
      checkpoint.owner);
}

/// This process as the next owner of the checkpoint row. Its token is recorded before the row is taken, so that a crash right after that does not
/// make the directory look like an old copy.
apply::SlotOwner next_owner(const Environment& environment, state::Store& store, const apply::Checkpoint& checkpoint) {
  state::Progress progress = store.progress();
  const apply::SlotOwner owner =
      apply::SlotOwner::this_process(progress.run, directory_identity(environment.config.state_dir));
  progress.token = is_of_another_agent(checkpoint, store) ? "" : checkpoint.owner.token;
  progress.next_token = owner.token;
  store.save_progress(progress);
  return owner;
}

}  // namespace

bool is_of_another_agent(const apply::Checkpoint& checkpoint, const state::Store& store) {
  const apply::SlotOwner& owner = checkpoint.owner;
  const state::Progress local = store.progress();
  if (owner.run.empty()) return false;
  return owner.run != local.run || (owner.token != local.token && owner.token != local.next_token);
}

bool may_be_at_work(const Environment& environment, const apply::Checkpoint& checkpoint, const state::Store& store) {
  if (checkpoint.owner.run.empty()) return store.progress().run.empty();
  return is_of_another_agent(checkpoint, store) ||
         checkpoint.owner.directory != directory_identity(environment.config.state_dir);
}

void take_checkpoint(const Environment& environment, state::Store& store, pg::Session& target, apply::Ledger& ledger,
                     GoesBy goes_by) {
  const std::string& slot = environment.config.source.slot;
  const auto checkpoint = ledger.read_checkpoint(target);
  if (!checkpoint) return;
  if (goes_by == GoesBy::LocalState && is_of_another_agent(*checkpoint, store)) {
    throw another_had_it(*checkpoint, slot,
                         "run the command where that agent's state directory is; or start the agent here, when the "
                         "other one is stopped: it reads all rows again and compares them");
  }
  require_no_other_agent(environment, target, *checkpoint, store);
  apply::end_left_overs(target, store.progress().run);
  if (checkpoint->owner.token.empty()) ledger.create(target, environment.plan);  // of an agent that knew of no owner
  apply::take_over(target, ledger, next_owner(environment, store, *checkpoint), *checkpoint);
}

void discard_outdated(const Environment& environment, state::Store& store) {
  const state::Progress local = store.progress();
  if (!local.slot_consistent_point.is_valid()) return;
  pg::Session target(environment.target, "start");
  const auto checkpoint =
      find_checkpoint(target, environment.config.target.ledger_schema, environment.config.source.slot);
  // What else may be wrong is for establish() to answer.
  if (!checkpoint || local.applied > checkpoint->applied ||
      local.slot_consistent_point != checkpoint->consistent_point || checkpoint->source != environment.source_identity)
    return;
  if (is_of_another_agent(*checkpoint, store) && checkpoint->owner.run == local.run) {
    spdlog::warn(
        "the local state is an old copy of a directory that has been used since: it is emptied and rebuilt "
        "local_lsn={} checkpoint_lsn={} since=\"{}\" host={} pid={}",
        local.applied.to_string(), checkpoint->applied.to_string(), checkpoint->owner.since, checkpoint->owner.host,
        checkpoint->owner.pid);
    store.empty();
    return;
  }
  if (is_of_another_agent(*checkpoint, store)) {
    spdlog::warn(
        "an agent with another state directory has had this slot since: the local state is emptied and rebuilt "
        "since=\"{}\" host={} pid={} local_lsn={} checkpoint_lsn={}",
        checkpoint->owner.since, checkpoint->owner.host, checkpoint->owner.pid, local.applied.to_string(),
        checkpoint->applied.to_string());
    store.empty();
    return;
  }
  if (local.applied == checkpoint->applied) return;
  pg::Session source(environment.source, "start");
  const auto health = replication::read_slot_health(source, environment.config.source.slot);
  if (!health || health->confirmed_flush_lsn <= local.applied || health->confirmed_flush_lsn > checkpoint->applied)
    return;
  spdlog::warn(
      "the local state is older than what the source can send again, as an old copy of the directory is: it is emptied "
      "and rebuilt local_lsn={} confirmed_flush_lsn={} checkpoint_lsn={}",
      local.applied.to_string(), health->confirmed_flush_lsn.to_string(), checkpoint->applied.to_string());
  store.empty();
}

std::string stream_purpose(const state::Store& store) { return "stream-" + store.progress().run; }

StartPosition establish(const Environment& environment, state::Store& store, apply::Ledger& ledger) {
  pg::Session target(environment.target, "start");
  pg::Session source(environment.source, "start");
  const std::string& slot = environment.config.source.slot;
  if (has_ledger_table(target, environment.config.target.ledger_schema, "rollback_rows")) {
    throw Error(ErrorKind::Refused, "a rollback of the snapshot is under way: some of the rows are gone already")
        .remedy("run `agent rollback snapshot`: it goes on");
  }
  FAILPOINT("before_ledger_created");
  ledger.create(target, environment.plan);
  FAILPOINT("after_ledger_created");
  auto checkpoint = ledger.read_checkpoint(target);
  const auto health = replication::read_slot_health(source, slot);
  state::Progress progress = store.progress();

  if (checkpoint) {
    require_same_source(environment, *checkpoint);
    static_cast<void>(mapping_change(environment.plan, checkpoint->mapping));  // the same ids
    require_local_state_behind(progress, *checkpoint, slot);
    require_usable_slot(environment, source, store, *checkpoint);
    if (!ledger.is_held()) {
      require_no_other_agent(environment, target, *checkpoint, store);
      // Taken by another one after discard_outdated() has looked.
      if (progress.slot_consistent_point.is_valid() && is_of_another_agent(*checkpoint, store)) {
        throw another_had_it(*checkpoint, slot, "start the agent again, when the other one is stopped");
      }
      // Not the run of a directory that this one is a copy of: sessions go by that name.
      if (progress.run.empty() || is_of_another_agent(*checkpoint, store)) {
        progress.run = new_run_name();
        store.save_progress(progress);
      }
      apply::take_over(target, ledger, next_owner(environment, store, *checkpoint), *checkpoint);
    }
    const SourceMark mark = reconcile_publication(environment, source, target, store, ledger, *checkpoint);
    progress = store.progress();
    if (!progress.slot_consistent_point.is_valid()) {
      // An empty state directory: what it knew is read again from the source, position and ids come from the ledger.
      spdlog::warn("the local state is new: it is rebuilt by a differential snapshot checkpoint_lsn={}",
                   checkpoint->applied.to_string());
      progress.applied = checkpoint->applied;
      progress.slot_consistent_point = checkpoint->consistent_point;
      store.save_progress(progress);
      FAILPOINT("after_start_recorded");
    }
    return {.checkpoint = *checkpoint, .local = progress.applied, .mark = mark, .first_snapshot = std::nullopt};
  }

  if (progress.slot_consistent_point.is_valid()) {
    throw Error(ErrorKind::Refused,
                "the target has no checkpoint for this slot although the local state has one: its ledger is gone")
        .with("slot", slot)
        .with("local_lsn", progress.applied.to_string())
        .remedy("restore the ledger schema from a backup of the same moment as the data; or " +
                replication::copy_anew(slot));
  }
  if (health) {
    if (progress.run.empty()) {
      throw Error(ErrorKind::Refused, "a slot of this name exists, but nothing says that it is this agent's")
          .with("slot", slot)
          .remedy("set another source.slot in agent.yaml, or, if nobody needs it: SELECT pg_drop_replication_slot('" +
                  slot + "') on the source");
    }
    spdlog::warn("dropping the slot that a crashed start left behind slot={}", slot);
    replication::drop_slot(source, slot);
  }
  // Before the slot: decoding a change older than the publication is a fatal error.
  ensure_publication(environment, source);
  const auto publication = replication::read_publication(source, environment.config.source.publication);
  require_same_publication(publication, {}, environment.config.source);
  const SourceMark mark = mark_source(source, *publication, 0);
  pg::ExportedSnapshot snapshot = create_slot(environment, store);
  FAILPOINT("after_slot_created");
  checkpoint = apply::Checkpoint{
      environment.source_identity, snapshot.consistent_point(), snapshot.consistent_point(), encode(mark), {}, {}, {}};
  {
    pg::TransactionBlock block(target);
    ledger.create_checkpoint(target, *checkpoint);
    const apply::SlotOwner owner = next_owner(environment, store, *checkpoint);
    ledger.take_checkpoint(target, owner, *checkpoint);
    cutover::audit(target, environment.config.target.ledger_schema, apply::operator_name(), "snapshot", "start",
                   {{"slot", slot}, {"consistent_point", checkpoint->applied.to_string()}});
    block.commit();
    ledger.hold(owner);
  }
  FAILPOINT("after_checkpoint_created");
  progress = store.progress();
  progress.applied = snapshot.consistent_point();
  progress.slot_consistent_point = snapshot.consistent_point();
  store.save_progress(progress);
  FAILPOINT("after_start_recorded");
  spdlog::info("created the slot slot={} consistent_point={}", slot, progress.applied.to_string());
  return {.checkpoint = *checkpoint, .local = progress.applied, .mark = mark, .first_snapshot = std::move(snapshot)};
}

}  // namespace agent
