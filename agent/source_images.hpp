#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "agent/environment.hpp"
#include "agent/snapshot_progress.hpp"
#include "core/ids.hpp"
#include "pg/exported_snapshot.hpp"
#include "state/store.hpp"

namespace agent {

/// Cuts tables of the source into ranges of about `rows` rows, as the snapshot sees them. Throws Error(Source).
[[nodiscard]] std::vector<state::Chunk> cut_tables(const Environment& environment, const pg::ExportedSnapshot& exported,
                                                   const std::vector<core::TableId>& tables, std::int64_t rows);

/// Reads all rows of these ranges under the snapshot and puts their images into `store`, which holds none of them yet; derives nothing. Stopped, some are
/// missing. Throws Error(Source), transient where another snapshot may help, or Error(State).
void load_images(const Environment& environment, const pg::ExportedSnapshot& exported,
                 const std::vector<state::Chunk>& ranges, state::Store& store, std::uint32_t workers,
                 const std::function<void(const state::Chunk& range, std::size_t rows)>& between,
                 const std::stop_token& stop);

}  // namespace agent
