#pragma once

#include <rocksdb/env.h>

#include <filesystem>
#include <memory>

namespace state {

/// Where RocksDB tells its own troubles: the file LOG in the state directory (the one before is LOG.old), warnings and worse. What cannot be
/// written is dropped: RocksDB's own log ends the process when its disk is full.
[[nodiscard]] std::shared_ptr<rocksdb::Logger> make_info_log(const std::filesystem::path& directory);

}  // namespace state
