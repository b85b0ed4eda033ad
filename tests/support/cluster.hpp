#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/database.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace tests {

/// The server programs of either side: $TEST_SOURCE_BINDIR and $TEST_TARGET_BINDIR, so that a test can be run between
/// servers of different versions (scripts/test --matrix). By default those of every other test server: $PG_BINDIR, or
/// Debian's.
[[nodiscard]] std::filesystem::path source_bin_dir();
[[nodiscard]] std::filesystem::path target_bin_dir();

class Cluster;

/// How a test server is to be.
struct ClusterOptions {
  std::string name = "cluster";        ///< part of the directory's name
  std::string superuser = "postgres";  ///< the role that initdb makes
  std::string wal_level = "replica";   ///< minimal, replica or logical
  std::vector<std::string> conf = {};  ///< lines for postgresql.conf, after ours, so they win
  std::vector<std::string> hba = {};   ///< lines for pg_hba.conf, before ours, so they win; ours trust everybody
  std::filesystem::path bin_dir = {};  ///< of the server's programs; default: $PG_BINDIR, or Debian's
  bool listens_on_loopback = false;    ///< also on 127.0.0.1 at a free port, not only on its unix socket
  bool has_own_identity = false;       ///< initdb anew: clusters copied from one template share their system identifier
  std::string backup_of = {};          ///< URL of a server: begins as its base backup (slots are no part of one)
  bool follows = false;                ///< of backup_of: a standby that streams from it; else it ends recovery at once
  const Cluster* image_of = nullptr;   ///< a stopped server: a standby of it, from a copy of its disk, but its slots
};

/// How to stop a server: `Fast` ends sessions and writes a checkpoint; `Immediate` is a crash, with recovery at the
/// next start.
enum class StopMode : std::uint8_t { Fast, Immediate };

/// A throw-away PostgreSQL server, running once constructed, stopped and removed by the destructor, and dying with the
/// test process however that dies (make it in a thread that lives as long as the server shall). Clusters are copies of
/// a template that initdb made once for this machine. As root, the server runs as the user postgres. fsync is off: a
/// process may be killed at any moment, the machine may not.
class Cluster {
 public:
  /// Throws std::runtime_error, with what to install when the server's programs are missing, or with the server's log.
  explicit Cluster(ClusterOptions options = {});
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// Through the unix socket; no password. The default user is the superuser.
  [[nodiscard]] std::string url(const std::string& database = "postgres", const std::string& user = "") const;
  /// Through 127.0.0.1; throws std::logic_error unless the server listens there. `password` may be empty.
  [[nodiscard]] std::string tcp_url(const std::string& database = "postgres", const std::string& user = "",
                                    const std::string& password = "") const;
  [[nodiscard]] Database database(const std::string& database = "postgres", const std::string& user = "") const;

  void stop(StopMode mode = StopMode::Fast);
  /// Starts the stopped server and waits until it takes connections (recovery included), up to a minute.
  void start();
  void restart(StopMode mode = StopMode::Fast);
  /// Lets the server read its configuration again; waits until it has.
  void reload();
  /// Appends a line to postgresql.conf; takes effect with reload() or restart().
  void add_conf(const std::string& line);
  [[nodiscard]] bool is_running();

  /// Ends a standby's recovery; returns when it takes writes.
  void promote() const;
  /// Keeps a copy of the data directory of the stopped server, as an image of its disk would be.
  void save_image() const;
  /// Puts the kept copy in the place of the stopped server's data directory.
  void restore_image() const;
  /// Copies a replication slot of another server, both stopped: what extensions do to take slots along to a standby.
  void take_slot(const Cluster& from, const std::string& slot) const;

  [[nodiscard]] const std::string& superuser() const { return options_.superuser; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::filesystem::path& bin_dir() const { return options_.bin_dir; }
  /// Where psql is: with the server, or where only the server's own programs were packed (scripts/fetch-postgresql), Debian's.
  [[nodiscard]] std::filesystem::path client_dir() const;
  /// The first part of the server's version: 15.
  [[nodiscard]] int major_version() const;
  [[nodiscard]] std::filesystem::path data_dir() const { return directory_.path() / "data"; }
  /// Everything that the server wrote to its log since its last start.
  [[nodiscard]] std::string log() const;

 private:
  ClusterOptions options_;
  TempDir directory_;
  std::optional<UserIds> server_user_;
  std::uint16_t port_;
  int port_lock_ = -1;  // holds a lock file while this cluster has the port, so that parallel tests choose others
  std::unique_ptr<Process> server_;
};

}  // namespace tests
