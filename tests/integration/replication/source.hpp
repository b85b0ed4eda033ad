#pragma once

#include <boost/test/unit_test.hpp>
#include <string>

#include "core/lsn.hpp"
#include "pg/connection_params.hpp"
#include "replication/receiver_options.hpp"
#include "tests/support/cluster.hpp"

namespace tests {

/// The server of this test program, wal_level logical.
[[nodiscard]] Cluster& source_cluster();

/// Its major version, and the decorator of a test that is left out on servers older than that.
[[nodiscard]] int source_version();
[[nodiscard]] boost::unit_test::precondition since(int version);

/// A database of its own on that server, with a publication and a slot, made after `schema` ran. The slot goes with it.
class Source {
 public:
  explicit Source(const std::string& schema);
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  [[nodiscard]] const Database& database() const { return database_; }
  /// Superuser sessions do.
  void exec(const std::string& sql) const { database_.exec(sql); }
  [[nodiscard]] std::string value(const std::string& sql) const { return database_.query_value(sql).value_or(""); }
  [[nodiscard]] core::Lsn lsn(const std::string& sql) const;
  /// The slot's confirmed_flush_lsn.
  [[nodiscard]] core::Lsn confirmed() const;
  /// Ends the connection that reads from the slot, as an administrator would.
  void terminate_reader() const;

  [[nodiscard]] const std::string& name() const { return name_; }  ///< of database, slot and publication
  [[nodiscard]] pg::ConnectionParams params() const;
  /// A walsender with as little memory as can be set: it streams (from 14 on) or spills transactions of 64 kB.
  [[nodiscard]] pg::ConnectionParams params_with_little_memory() const;
  [[nodiscard]] core::Lsn consistent_point() const { return consistent_point_; }
  /// Impatient, so that tests are quick.
  [[nodiscard]] replication::ReceiverOptions options() const;

 private:
  std::string name_;
  Database database_;
  core::Lsn consistent_point_;
};

}  // namespace tests
