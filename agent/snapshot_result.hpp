#pragma once

#include <cstdint>

namespace agent {

/// What a snapshot did.
struct SnapshotResult {
  bool was_stopped = false;     ///< by a signal: the rest is done by the next run
  std::uint64_t rows_read = 0;  ///< from the source or, for joined tables, derived from what was read
  std::uint64_t rows_sent = 0;
  std::uint64_t rows_written = 0;
  std::uint64_t rows_removed = 0;
  double seconds = 0;
};

}  // namespace agent
