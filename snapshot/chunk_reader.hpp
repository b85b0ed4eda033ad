#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "core/row.hpp"
#include "core/row_key.hpp"
#include "pg/session.hpp"
#include "snapshot/table_shape.hpp"
#include "state/store.hpp"

namespace snapshot {

/// Reads the rows of one chunk by COPY, in pieces. While it is not at its end the session is busy with it. The table is locked
/// (ACCESS SHARE) from the constructor to close() and no longer, so that the application's TRUNCATE or ALTER TABLE waits for one
/// chunk, not for the whole snapshot.
class ChunkReader {
 public:
  /// Precondition: `session` sees the snapshot.
  ChunkReader(pg::Session& session, const TableShape& shape, const state::Chunk& chunk);

  using Rows = std::vector<std::pair<core::RowKey, core::Row>>;
  /// The next rows, at most `rows` of them and about `bytes` of memory; empty at the end.
  [[nodiscard]] Rows next(std::size_t rows, std::size_t bytes);
  /// After the last piece: gives the lock back, and makes sure that the snapshot saw the table at all. Throws as require_seen().
  void close();

 private:
  pg::Session& session_;
  const TableShape& shape_;
  bool is_at_end_ = false;
};

}  // namespace snapshot
