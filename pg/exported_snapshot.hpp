#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "core/lsn.hpp"
#include "pg/replication_connection.hpp"
#include "pg/session.hpp"

namespace pg {

/// A snapshot of the source with its exact position: rows visible in it are those of transactions with
/// `commit_lsn < consistent_point()`. Lives as long as this object's connection, which does nothing else
/// (its next command would delete the snapshot).
class ExportedSnapshot {
 public:
  /// Told every second while slot creation waits for running write transactions: what it waits for (pid, user, since; no query text values).
  using Waiting = std::function<void(const std::string& blocker)>;

  /// Creates the *persistent* slot `slot` (plugin pgoutput) and exports its snapshot. Throws Error(Source/Refused); nothing is left behind on failure.
  static ExportedSnapshot with_slot(const ConnectionParams& params, const std::string& slot,
                                    std::chrono::milliseconds most, const Waiting& waiting);
  /// The same with a temporary slot that ends with this object: a cheap pair (LSN, snapshot).
  static ExportedSnapshot temporary(const ConnectionParams& params, std::chrono::milliseconds most,
                                    const Waiting& waiting);

  /// The same of a database that nobody writes to, at once and whatever the server's other databases do: without a slot, which would wait for every
  /// transaction of the server that writes. Precondition: no transaction of this database that changes rows runs, nor begins until this returns.
  static ExportedSnapshot of_quiet_database(const ConnectionParams& params);

  [[nodiscard]] core::Lsn consistent_point() const { return consistent_point_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  ExportedSnapshot(ReplicationConnection connection, core::Lsn consistent_point, std::string name)
      : connection_(std::move(connection)), consistent_point_(consistent_point), name_(std::move(name)) {}
  static ExportedSnapshot create(const ConnectionParams& params, const std::string& slot, bool is_temporary,
                                 std::chrono::milliseconds most, const Waiting& waiting);

  ReplicationConnection connection_;
  core::Lsn consistent_point_;
  std::string name_;
};

/// Starts a read-only repeatable-read transaction in `session` that sees the exported snapshot. Throws Error(Source), transient when
/// the snapshot is gone (`invalid snapshot identifier`): take a new one.
void import_snapshot(Session& session, const std::string& snapshot_name);
/// Whether import_snapshot() threw this because the snapshot is gone: whoever held it has ended.
[[nodiscard]] bool is_snapshot_gone(const core::Error& error);

}  // namespace pg
