#pragma once

#include <string>
#include <vector>

#include "tests/support/cluster.hpp"
#include "tests/support/database.hpp"

namespace tests {

/// What a test may want otherwise than usual.
struct PairOptions {
  std::vector<std::string> source_conf = {};  ///< lines for the source's postgresql.conf
  std::vector<std::string> target_conf = {};  ///< lines for the target's
  bool listens_on_loopback = false;           ///< both servers also on 127.0.0.1
  bool source_has_own_identity = false;       ///< a source that no other pair's system identifier equals
};

/// A legacy server and a target server, each with its empty database and its roles:
///
/// - source: database `dispatch` owned by role `dispatch`; the agent's role `dispatch_sync` (REPLICATION, member of
/// `dispatch`);
///   wal_level logical, room for ten slots.
/// - target: superuser `supabase_admin`; the platform's roles and functions from examples/dispatch/platform.sql; the
/// agent
///   connects to the database `postgres` as `postgres`, who is no superuser.
struct ReplicatedPair {
  explicit ReplicatedPair(const PairOptions& options = {});

  Cluster source_cluster;
  Cluster target_cluster;

  /// `source.exec(…)` as the legacy application (role dispatch), `target.exec(…)` as the owner of the new schema
  /// (postgres).
  Database source;
  Database target;
  /// The same databases as superuser.
  Database source_admin;
  Database target_admin;

  /// What the agent is given.
  [[nodiscard]] std::string agent_source_url() const { return source_cluster.url("dispatch", "dispatch_sync"); }
  [[nodiscard]] const std::string& agent_target_url() const { return target.url(); }
};

}  // namespace tests
