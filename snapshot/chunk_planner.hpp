#pragma once

#include <cstdint>
#include <vector>

#include "pg/session.hpp"
#include "snapshot/table_shape.hpp"
#include "state/store.hpp"

namespace snapshot {

/// Cuts a table into primary-key ranges of `chunk_rows` rows by walking the key inside the snapshot, so that gaps and skew do not matter. The
/// first range has no lower bound and the last no upper one: together they hold every row that any later snapshot may see.
/// Precondition: `session` sees the snapshot. An empty table is one chunk.
[[nodiscard]] std::vector<state::Chunk> plan_chunks(pg::Session& session, const TableShape& shape,
                                                    std::int64_t chunk_rows);

/// ` WHERE …` that selects the chunk's rows; empty when it has no bounds.
[[nodiscard]] std::string range_condition(const TableShape& shape, const state::Chunk& chunk);

}  // namespace snapshot
