#pragma once

#include <random>
#include <string>

namespace tests {

/// Tables of every replica identity, and the random changes that they get.
extern const char* const kWorkloadSchema;
/// Their names.
extern const char* const kWorkloadTables[5];

/// One random transaction: inserts, updates, deletes, changes of keys, savepoints kept and rolled back, now and then a TRUNCATE, a
/// large statement or a ROLLBACK of everything. `session` keeps concurrent sessions on rows of their own.
[[nodiscard]] std::string random_transaction(std::mt19937_64& random, int session);

}  // namespace tests
