#include "agent/source_images.hpp"

#include <fmt/format.h>

#include <map>
#include <memory>

#include "agent/side_by_side.hpp"
#include "agent/table_shape.hpp"
#include "pg/session.hpp"
#include "snapshot/chunk_planner.hpp"
#include "snapshot/chunk_reader.hpp"
#include "state/overlay.hpp"

namespace agent {

namespace {

// One write to the store: larger ones gain nothing and cost memory, times workers.
constexpr std::size_t kImageRows = 10'000;
constexpr std::size_t kImageBytes = 4U << 20U;

/// One worker's way from the source to the store.
struct Loader {
  Loader(const Environment& environment, const pg::ExportedSnapshot& exported, state::Store& store,
         std::uint32_t number)
      : source(environment.source, fmt::format("validate-{}", number)), overlay(store) {
    pg::import_snapshot(source, exported.name());
  }

  pg::Session source;
  state::Overlay overlay;
};

}  // namespace

std::vector<state::Chunk> cut_tables(const Environment& environment, const pg::ExportedSnapshot& exported,
                                     const std::vector<core::TableId>& tables, std::int64_t rows) {
  pg::Session source{environment.source, "validate-plan"};
  pg::import_snapshot(source, exported.name());
  std::vector<state::Chunk> ranges;
  for (const core::TableId table : tables) {
    const auto cut = snapshot::plan_chunks(source, shape_of(environment.plan.table(table)), rows);
    ranges.insert(ranges.end(), cut.begin(), cut.end());
  }
  return ranges;
}

void load_images(const Environment& environment, const pg::ExportedSnapshot& exported,
                 const std::vector<state::Chunk>& ranges, state::Store& store, std::uint32_t workers,
                 const std::function<void(const state::Chunk&, std::size_t)>& between, const std::stop_token& stop) {
  std::map<core::TableId, snapshot::TableShape> shapes;
  for (const state::Chunk& range : ranges) {
    shapes.try_emplace(range.table, shape_of(environment.plan.table(range.table)));
  }
  const auto begin = [&](std::uint32_t number) -> SideJob {
    const auto loader = std::make_shared<Loader>(environment, exported, store, number);
    return [&, loader](std::size_t job, const std::stop_token& given_up) {
      const state::Chunk& range = ranges[job];
      snapshot::ChunkReader reader{loader->source, shapes.at(range.table), range};
      std::vector<core::RowKey> keys;
      for (auto rows = reader.next(kImageRows, kImageBytes); !rows.empty();
           rows = reader.next(kImageRows, kImageBytes)) {
        keys.clear();
        for (const auto& row : rows) keys.push_back(row.first);
        loader->overlay.assume_absent(range.table, keys);
        for (auto& [key, image] : rows) loader->overlay.put_image(range.table, key, std::move(image));
        loader->overlay.commit(std::nullopt, std::nullopt, state::Overlay::Sync::No);
        if (given_up.stop_requested()) return;
        between(range, keys.size());
      }
      reader.close();
    };
  };
  side_by_side(workers, ranges.size(), stop, begun_again_when_lost("the reading of a part of the source", begin));
}

}  // namespace agent
