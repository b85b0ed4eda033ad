#include "pg/exported_snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "pg/exported_snapshot_sql.hpp"
#include "pg/quoting.hpp"
#include "pg/server_version.hpp"

namespace pg {

namespace {

// Names the snapshot in errors about its loss, and in no others.
constexpr std::string_view kGone = "snapshot";

core::Error refused(std::string what) { return core::Error{core::ErrorKind::Refused, std::move(what)}; }

/// Looks at the slot's creation from beside, since the connection that creates it is busy. Its own trouble never fails the creation.
class CreationWatch {
 public:
  CreationWatch(const ConnectionParams& params, int creator_pid)
      : params_(params), creator_pid_(std::to_string(creator_pid)) {}

  /// Whom the creation waits for: `pid 17, user app, idle in transaction since …`.
  std::string blocker() {
    try {
      const Result found = session().exec(sql::kSlotCreationBlocker, {creator_pid_});
      if (found.rows() > 0) return found.text(0, 0);
      const Result prepared = session().exec(sql::kOldestPreparedTransaction);
      if (prepared.rows() > 0) return prepared.text(0, 0);
    } catch (const core::Error& error) {
      session_.reset();
      return "unknown (" + error.message() + ")";
    }
    return "unknown";
  }

  bool has_slot(const std::string& slot) { return session().exec(sql::kSlotExists, {slot}).rows() > 0; }
  void drop_slot(const std::string& slot) { session().exec(sql::kDropSlot, {slot}); }

 private:
  Session& session() {
    if (!session_ || session_->is_broken()) session_.emplace(params_, "slot-watch");
    return *session_;
  }

  ConnectionParams params_;
  std::string creator_pid_;
  std::optional<Session> session_;
};

std::string create_command(const std::string& slot, bool is_temporary, ServerVersion version) {
  const std::string head =
      "CREATE_REPLICATION_SLOT " + quote_identifier(slot) + (is_temporary ? " TEMPORARY" : "") + " LOGICAL pgoutput ";
  if (!version.has_slot_option_list()) return head + "EXPORT_SNAPSHOT";
  // Standbys that take slots along take this one too; without such standbys it means nothing.
  const bool fails_over = version.has_failover_slots() && !is_temporary;
  return head + (fails_over ? "(SNAPSHOT 'export', FAILOVER true)" : "(SNAPSHOT 'export')");
}

}  // namespace

ExportedSnapshot ExportedSnapshot::with_slot(const ConnectionParams& params, const std::string& slot,
                                             std::chrono::milliseconds most, const Waiting& waiting) {
  return create(params, slot, false, most, waiting);
}

ExportedSnapshot ExportedSnapshot::temporary(const ConnectionParams& params, std::chrono::milliseconds most,
                                             const Waiting& waiting) {
  return create(params, {}, true, most, waiting);
}

ExportedSnapshot ExportedSnapshot::of_quiet_database(const ConnectionParams& params) {
  ReplicationConnection connection{params, "snapshot"};
  connection.exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  std::string name = connection.exec("SELECT pg_catalog.pg_export_snapshot()").text(0, 0);
  // Asked for after it was taken: whatever the snapshot shows was logged before that.
  const core::Lsn point = core::Lsn::parse(connection.exec("SELECT pg_catalog.pg_current_wal_insert_lsn()").text(0, 0))
                              .value_or(core::Lsn{});
  return ExportedSnapshot{std::move(connection), point, std::move(name)};
}

ExportedSnapshot ExportedSnapshot::create(const ConnectionParams& params, const std::string& slot, bool is_temporary,
                                          std::chrono::milliseconds most, const Waiting& waiting) {
  ReplicationConnection connection{params, is_temporary ? "snapshot" : "slot-snapshot"};
  // A backend's pid is its own while it lives, and so does the temporary slot.
  const std::string name = is_temporary ? "dispatch_sync_temp_" + std::to_string(connection.backend_pid()) : slot;
  CreationWatch watch{params, connection.backend_pid()};
  const auto in_use = [&] {
    return refused("the replication slot exists already")
        .with("slot", name)
        .remedy("resume with the state that belongs to it, choose another slot name, or drop it when nobody needs it");
  };
  // What exists now belongs to somebody; what exists after a failure is ours to drop.
  if (!is_temporary && watch.has_slot(name)) throw in_use();

  std::string blocker;
  const auto tick = [&] {
    blocker = watch.blocker();
    if (waiting) waiting(blocker);
  };
  std::optional<Result> answer;
  try {
    answer = connection.exec_at_most(create_command(name, is_temporary, {connection.server_version()}), most, tick);
    if (!answer) {
      throw core::Error{core::ErrorKind::Source,
                        "creating the replication slot waited too long for a running write transaction"}
          .with("slot", name)
          .with("waited_s", fmt::format("{:g}", std::chrono::duration<double>(most).count()))
          .with("blocker", blocker.empty() ? watch.blocker() : blocker)
          .remedy("end that transaction, or wait until it has ended, and start again")
          .transient();
    }
    const core::Lsn point =
        core::Lsn::parse(answer->rows() == 1 && answer->columns() == 4 ? answer->text(0, 1) : "").value_or(core::Lsn{});
    if (!point.is_valid() || answer->text(0, 2).empty() || answer->text(0, 3) != "pgoutput") {
      throw core::Error{core::ErrorKind::Protocol, "CREATE_REPLICATION_SLOT gave an unexpected answer"}.with("slot",
                                                                                                             name);
    }
    return ExportedSnapshot{std::move(connection), point, answer->text(0, 2)};
  } catch (const core::Error& error) {
    if (error.sqlstate() == "42710") throw in_use();
    if (!is_temporary) {
      try {
        if (watch.has_slot(name)) watch.drop_slot(name);
      } catch (const core::Error&) {
        // The server is out of reach: as a rule it created nothing, and if it did, the next start finds the slot by its name.
      }
    }
    throw;
  }
}

void import_snapshot(Session& session, const std::string& snapshot_name) {
  session.exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    session.exec("SET TRANSACTION SNAPSHOT " + quote_literal(snapshot_name));
  } catch (core::Error& error) {
    if (!session.is_broken()) session.exec("ROLLBACK");
    // Up to 16 the server calls an unknown snapshot an invalid parameter, later an undefined object; in between its holder can end.
    if (const auto& state = error.sqlstate(); state == "22023" || state == "42704" || state == "55000") {
      error.transient().with(std::string{kGone}, snapshot_name).remedy("take a new snapshot");
    }
    throw;
  }
}

bool is_snapshot_gone(const core::Error& error) { return !error.context(kGone).empty(); }

}  // namespace pg
