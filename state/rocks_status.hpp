#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace rocksdb {
class Status;
}  // namespace rocksdb

namespace state {

/// Turns a result of RocksDB into nothing (ok) or a core::Error(State): transient when the disk is full, with the remedy for
/// damage otherwise. `action` says what was tried, as in "write the checkpoint".
void check(const rocksdb::Status& status, std::string_view action);

/// The directory holds bytes that this program did not write that way. `detail` never holds row values.
[[nodiscard]] core::Error damaged(const std::string& detail);

}  // namespace state
