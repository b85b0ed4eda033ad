#pragma once

#include <unordered_map>
#include <vector>

#include "state/checkpoint.hpp"
#include "state/chunk_log.hpp"
#include "state/database.hpp"
#include "state/held_messages.hpp"
#include "state/id_map.hpp"
#include "state/presence.hpp"
#include "state/status_counters.hpp"
#include "state/store.hpp"

/// Internal to state/: what Store is made of, shared with Overlay.
namespace state {

/// Where an index or a route belongs.
struct IndexPlace {
  const TableLayout* table = nullptr;
  const IndexLayout* index = nullptr;
  std::size_t position = 0;  ///< among the table's indexes
};
struct RoutePlace {
  const TableLayout* table = nullptr;
  std::size_t slot = 0;
};

struct Store::Impl {
  /// Throws as Store::open() does.
  Impl(const Options& options, const Identity& identity, const Layout& given);

  [[nodiscard]] const TableLayout& table(core::TableId id) const { return layout.tables.at(id.index()); }
  [[nodiscard]] const EntityLayout& entity(core::EntityId id) const { return layout.entities.at(id.index()); }
  [[nodiscard]] const IndexPlace& index(core::IndexId id) const;
  [[nodiscard]] const RoutePlace& route(core::RouteId id) const;
  /// Decodes a row and checks that it has the slots of its table.
  [[nodiscard]] StoredRow decode(core::TableId id, std::string_view bytes) const;

  const Layout layout;
  const std::unordered_map<core::IndexId, IndexPlace> indexes;
  const std::vector<RoutePlace> routes;
  Database database;
  /// Before everything below is read: it decides what there is to read.
  const bool is_prepared;
  Checkpoint checkpoint;
  ChunkLog chunk_log;
  IdMap id_map;
  StatusCounters counters;
  Presence presence;
  HeldMessages held;
};

}  // namespace state
