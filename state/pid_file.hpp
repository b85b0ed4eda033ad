#pragma once

#include <filesystem>

namespace state {

/// `agent.pid` in the state directory: locked while the store is open, and holding the pid of whoever has it, so that a
/// second agent can be told whom to look for. RocksDB's own lock names nobody.
class PidFile {
 public:
  /// Throws Error(State) that names the holder when the file is locked already.
  explicit PidFile(const std::filesystem::path& directory);
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

 private:
  int descriptor_;
};

}  // namespace state
