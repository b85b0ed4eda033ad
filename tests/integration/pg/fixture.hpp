#pragma once

#include <functional>
#include <stdexcept>
#include <string>

#include "core/error.hpp"
#include "pg/connection_params.hpp"
#include "pg/session.hpp"
#include "tests/support/cluster.hpp"

namespace tests {

/// One logical-decoding server for all tests of the program, each of which makes objects of its own.
inline Cluster& shared_cluster() {
  static Cluster cluster{{.name = "pg",
                          .wal_level = "logical",
                          .conf = {"max_replication_slots = 10", "max_wal_senders = 10"},
                          .bin_dir = source_bin_dir(),
                          .listens_on_loopback = true}};
  return cluster;
}

inline pg::ConnectionParams params(pg::Side side, const std::string& database = "postgres",
                                   const std::string& user = "") {
  return pg::ConnectionParams::parse(side, shared_cluster().url(database, user));
}

inline pg::Session session(pg::Side side, const std::string& database = "postgres", const std::string& user = "") {
  return pg::Session{params(side, database, user), "test"};
}

/// The core::Error that `action` throws; it is a failure of the test when it throws none.
inline core::Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const core::Error& error) {
    return error;
  }
  throw std::runtime_error("an error was expected, but nothing was thrown");
}

}  // namespace tests
