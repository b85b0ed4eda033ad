#pragma once

#include <random>
#include <string>

namespace tests {

/// Tables of every replica identity and a partitioned one (on servers before 13, which publish none as a whole, an ordinary one
/// of that name), for the random changes.
[[nodiscard]] std::string workload_schema(int server_version);
/// Their names.
extern const char* const kWorkloadTables[5];

/// One random transaction: inserts, updates, deletes, changes of keys, savepoints kept and rolled back, now and then a TRUNCATE, a
/// large statement or a ROLLBACK of everything. `session` keeps concurrent sessions on rows of their own.
[[nodiscard]] std::string random_transaction(std::mt19937_64& random, int session);

}  // namespace tests
