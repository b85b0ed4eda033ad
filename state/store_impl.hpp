#pragma once

#include <atomic>
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
#include "state/undo_log.hpp"

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
  Impl(const Options& given_options, const Identity& given_identity, const Layout& given);

  std::atomic<std::uint64_t> next_reached = 0;  // above every number in use

  [[nodiscard]] const TableLayout& table(core::TableId id) const { return layout.tables.at(id.index()); }
  [[nodiscard]] const EntityLayout& entity(core::EntityId id) const { return layout.entities.at(id.index()); }
  [[nodiscard]] const IndexPlace& index(core::IndexId id) const;
  [[nodiscard]] const RoutePlace& route(core::RouteId id) const;
  /// Before an entry of the index is written.
  void note_entries(core::IndexId id) { has_entries[id.index()].store(true, std::memory_order_release); }
  /// Whether the store has rows of the table with first <= key <= last.
  [[nodiscard]] bool has_rows(core::TableId id, const core::RowKey& first, const core::RowKey& last) const;
  /// Decodes a row and checks that it has the slots of its table.
  [[nodiscard]] StoredRow decode(core::TableId id, std::string_view bytes) const;

  const Options options;
  const Identity identity;
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
  /// Of the one overlay that may write ahead.
  UndoLog undo;
  /// By IndexId: an index that never had an entry is not looked at. A first snapshot asks for what refers to each new parent
  /// before there is any child. Never cleared while the store is open.
  std::vector<std::atomic<bool>> has_entries;
};

}  // namespace state
