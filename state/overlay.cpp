#include "state/overlay.hpp"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <variant>

#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "state/index_entries.hpp"
#include "state/keys.hpp"
#include "state/rocks_status.hpp"
#include "state/store_impl.hpp"

namespace state {

namespace {

/// Bounds the memory of a WriteBatch, and the time for which it keeps other writers waiting.
constexpr std::size_t kPieceBytes = 8U << 20U;
/// What an entry takes besides its image, roughly.
constexpr std::size_t kEntryOverhead = 256;
constexpr std::string_view kAction = "write a batch";

/// A row as the store had it, as far as that decides what must be written.
struct Base {
  std::vector<core::RowStatus> statuses;
  std::vector<std::string> target_keys;
  std::optional<std::vector<core::RowKey>> index_values;  ///< absent while the image is the stored one
};

struct Entry {
  StoredRow now;
  std::vector<core::RowKey> index_values;  ///< of an image that was put; empty while the image is the stored one
  bool exists = false;
  bool is_dirty = false;
  std::unique_ptr<Base> base;  ///< when dirty: null if the store has no such row
};

using Rows = std::unordered_map<core::RowKey, Entry>;
using Node = Rows::value_type;

struct Changed {
  core::TableId table;
  Node* node;
};

// What takes back one step.
struct ImageUndo {
  bool existed;
  core::Row image;
  std::vector<core::RowKey> index_values;
};
struct StatusUndo {
  std::uint16_t slot;
  core::RowStatus status;
};
struct TargetKeyUndo {
  std::uint16_t slot;
  std::string target_key;
};
struct EraseUndo {
  StoredRow row;
  std::vector<core::RowKey> index_values;
};
struct Undo {
  Changed changed;
  bool was_dirty;
  std::variant<ImageUndo, StatusUndo, TargetKeyUndo, EraseUndo> step;
};

std::size_t entry_bytes(const Node& node) {
  return kEntryOverhead + node.first.bytes.size() + node.second.now.image.bytes().size() +
         node.second.index_values.size() * sizeof(core::RowKey);
}

}  // namespace

struct Overlay::Impl {
  explicit Impl(Store& opened)
      : store(opened), inside(*opened.impl_), tables(inside.layout.tables.size()), changes(inside.layout.route_count) {}

  Store& store;
  Store::Impl& inside;
  std::vector<Rows> tables;
  std::vector<Changed> dirty;  ///< in the order of their first change; snapshots come in key order
  std::vector<core::RouteCounters> changes;
  std::size_t bytes = 0;
  std::vector<Undo> undo;
  bool keeps_undo = false;

  /// Rows that have, or had for a while, the values of an index (or a target key of a route): a superset, checked against
  /// the rows themselves. Kept for an index from its first look-up on, since most are never asked within a batch.
  using Candidates = std::unordered_map<std::string, std::vector<Node*>>;
  std::unordered_map<core::IndexId, Candidates> candidates;
  std::unordered_map<std::string, std::vector<Node*>> target_key_candidates;  ///< by pair_prefix()

  Node& load(core::TableId table, const core::RowKey& key) {
    const auto [at, is_new] = tables.at(table.index()).try_emplace(key);
    if (is_new) {
      try {
        fill(*at, store.row(table, key));
      } catch (...) {
        tables[table.index()].erase(at);
        throw;
      }
    }
    return *at;
  }

  void fill(Node& node, std::optional<StoredRow> row) {
    if (row) {
      node.second.now = std::move(*row);
      node.second.exists = true;
    }
    bytes += entry_bytes(node);
  }

  /// The entry of a row that this batch has changed; null where the store's answer holds.
  [[nodiscard]] const Entry* changed(core::TableId table, const core::RowKey& key) const {
    const Rows& rows = tables.at(table.index());
    const auto found = rows.find(key);
    return found == rows.end() || !found->second.is_dirty ? nullptr : &found->second;
  }

  std::vector<core::RowKey> all_index_values(const TableLayout& table, const core::Row& image) const {
    std::vector<core::RowKey> values;
    values.reserve(table.indexes.size());
    for (const IndexLayout& index : table.indexes) values.push_back(index_values(index, image));
    return values;
  }

  /// Before the first change of a row: remembers what the store has. Returns whether it was dirty before.
  bool touch(core::TableId table, Node& node) {
    Entry& entry = node.second;
    if (entry.is_dirty) return true;
    if (entry.exists) {
      entry.base = std::make_unique<Base>();
      entry.base->statuses = entry.now.statuses;
      entry.base->target_keys = entry.now.target_keys;
    }
    entry.is_dirty = true;
    dirty.push_back({table, &node});
    return false;
  }

  /// Before a change of the image. Precondition: touched.
  void remember_index_values(const TableLayout& table, Entry& entry) const {
    if (entry.exists && entry.base && !entry.base->index_values) {
      entry.base->index_values = all_index_values(table, entry.now.image);
    }
  }

  void remember(core::TableId table, Node& node, bool was_dirty,
                std::variant<ImageUndo, StatusUndo, TargetKeyUndo, EraseUndo> step) {
    if (keeps_undo) undo.push_back({{table, &node}, was_dirty, std::move(step)});
  }

  void count(const TableLayout& table, const std::vector<core::RowStatus>& statuses, std::int64_t by) {
    for (std::size_t slot = 0; slot < statuses.size(); ++slot) {
      count_status(changes[table.routes[slot].index()], statuses[slot], by);
    }
  }

  void set_status(const TableLayout& table, Entry& entry, std::size_t slot, core::RowStatus status) {
    core::RouteCounters& counters = changes[table.routes[slot].index()];
    count_status(counters, entry.now.statuses[slot], -1);
    count_status(counters, status, 1);
    entry.now.statuses[slot] = status;
  }

  /// After the image of a row changed.
  void add_candidates(const TableLayout& table, Node& node) {
    if (candidates.empty()) return;
    for (std::size_t i = 0; i < node.second.index_values.size(); ++i) {
      const auto kept = candidates.find(table.indexes[i].id);
      if (kept != candidates.end()) kept->second[node.second.index_values[i].bytes].push_back(&node);
    }
  }

  Candidates& candidates_of(const IndexPlace& place) {
    const auto [at, is_new] = candidates.try_emplace(place.index->id);
    if (is_new) {
      for (auto& node : tables[place.table->id.index()]) {
        // Rows whose image is the stored one are found there.
        if (node.second.index_values.empty()) continue;
        at->second[node.second.index_values[place.position].bytes].push_back(&node);
      }
    }
    return at->second;
  }

  void put_image(core::TableId id, Node& node, core::Row image) {
    const TableLayout& table = inside.table(id);
    Entry& entry = node.second;
    // First: an image that cannot be indexed is refused before anything changed.
    std::vector<core::RowKey> values = all_index_values(table, image);
    const bool was_dirty = touch(id, node);
    remember_index_values(table, entry);
    const bool existed = entry.exists;
    bytes -= entry_bytes(node);
    core::Row previous = std::exchange(entry.now.image, std::move(image));
    const bool keeps_values = entry.index_values == values;
    std::swap(entry.index_values, values);
    bytes += entry_bytes(node);
    if (!existed) {
      entry.exists = true;
      entry.now.statuses.assign(table.routes.size(), core::RowStatus::None);
      entry.now.target_keys.assign(table.routes.size(), {});
    }
    if (!keeps_values) add_candidates(table, node);
    remember(id, node, was_dirty, ImageUndo{existed, std::move(previous), std::move(values)});
  }

  void take_back(Undo& last) {
    Node& node = *last.changed.node;
    Entry& entry = node.second;
    const TableLayout& table = inside.table(last.changed.table);
    bytes -= entry_bytes(node);
    if (auto* image = std::get_if<ImageUndo>(&last.step)) {
      if (image->existed) {
        entry.now.image = std::move(image->image);
      } else {
        entry.now = {};
        entry.exists = false;
      }
      entry.index_values = std::move(image->index_values);
      add_candidates(table, node);
    } else if (const auto* status = std::get_if<StatusUndo>(&last.step)) {
      set_status(table, entry, status->slot, status->status);
    } else if (auto* target_key = std::get_if<TargetKeyUndo>(&last.step)) {
      entry.now.target_keys[target_key->slot] = std::move(target_key->target_key);
    } else if (auto* erased = std::get_if<EraseUndo>(&last.step)) {
      entry.now = std::move(erased->row);
      entry.index_values = std::move(erased->index_values);
      entry.exists = true;
      count(table, entry.now.statuses, 1);
      add_candidates(table, node);
    }
    bytes += entry_bytes(node);
    if (!last.was_dirty) {
      entry.is_dirty = false;
      entry.base.reset();
      dirty.pop_back();  // undone in reverse order, so it is the last one
    }
  }

  /// Keys of the store's and of this batch's rows that satisfy `holds`, sorted. `from_store` may name rows that changed since.
  template <typename Holds>
  std::vector<core::RowKey> merge(core::TableId table, std::vector<core::RowKey> from_store,
                                  const std::vector<Node*>* added, Holds holds) const {
    std::erase_if(from_store, [&](const core::RowKey& key) {
      const Entry* entry = changed(table, key);
      return entry != nullptr && !(entry->exists && holds(*entry));
    });
    if (added != nullptr && !added->empty()) {
      for (const Node* node : *added) {
        const Entry& entry = node->second;
        if (entry.is_dirty && entry.exists && holds(entry)) from_store.push_back(node->first);
      }
      std::sort(from_store.begin(), from_store.end());
      from_store.erase(std::unique(from_store.begin(), from_store.end()), from_store.end());
    }
    return from_store;
  }

  std::vector<core::RowKey> find(core::IndexId id, const core::RowKey& values) {
    const IndexPlace& place = inside.index(id);
    const Candidates& kept = candidates_of(place);
    const auto added = kept.find(values.bytes);
    return merge(place.table->id, store.find(place.table->id, id, values),
                 added == kept.end() ? nullptr : &added->second, [&](const Entry& entry) {
                   return entry.index_values.empty() ? index_values(*place.index, entry.now.image) == values
                                                     : entry.index_values[place.position] == values;
                 });
  }

  // Writing. A piece holds whole rows, with the counters that they move, so that each is right by itself.
  struct Piece {
    rocksdb::WriteBatch batch;
    std::vector<core::RouteCounters> changes;
    std::vector<Presence::Move> moves;
    IndexEntries index_entries;  ///< to put; in key order they go into the memtable at half the cost
    std::string head;            ///< of the stored row in hand: kept for its memory
    std::size_t begin = 0;
    std::size_t end = 0;  ///< of dirty
  };

  void put_row(Piece& piece, const Changed& change) {
    const TableLayout& table = inside.table(change.table);
    const auto& [key, entry] = *change.node;
    const Database& database = inside.database;
    rocksdb::WriteBatch& batch = piece.batch;
    const std::string store_key = row_store_key(change.table, key);
    if (entry.exists) {
      // The image goes into the batch from where it is.
      piece.head.clear();
      append_stored_row_head(piece.head, entry.now);
      const rocksdb::Slice key_part = store_key;
      const std::array<rocksdb::Slice, 2> value_parts{piece.head, entry.now.image.bytes()};
      check(batch.Put(database.handle(Family::Rows), rocksdb::SliceParts{&key_part, 1},
                      rocksdb::SliceParts{value_parts.data(), static_cast<int>(value_parts.size())}),
            kAction);
    } else if (entry.base) {
      check(batch.Delete(database.handle(Family::Rows), store_key), kAction);
    }
    put_index_entries(piece, table, key, entry);
    for (std::size_t slot = 0; slot < table.routes.size(); ++slot) {
      const core::RowStatus before = entry.base ? entry.base->statuses[slot] : core::RowStatus::None;
      const core::RowStatus after = entry.exists ? entry.now.statuses[slot] : core::RowStatus::None;
      const core::RouteId route = table.routes[slot];
      if (before != after) {
        count_status(piece.changes[route.index()], before, -1);
        count_status(piece.changes[route.index()], after, 1);
        const bool was_present = before == core::RowStatus::Applied;
        const bool is_present = after == core::RowStatus::Applied;
        if (was_present != is_present && inside.presence.follows(table.id, slot)) {
          piece.moves.push_back({table.id, slot, key, is_present});
        }
      }
      const std::string_view old_pair =
          entry.base ? std::string_view{entry.base->target_keys[slot]} : std::string_view{};
      const std::string_view new_pair =
          entry.exists ? std::string_view{entry.now.target_keys[slot]} : std::string_view{};
      if (old_pair == new_pair) continue;
      rocksdb::ColumnFamilyHandle* pairs = database.handle(Family::Pairs);
      if (!old_pair.empty()) check(batch.Delete(pairs, pair_entry(route, old_pair, key)), kAction);
      if (!new_pair.empty()) check(batch.Put(pairs, pair_entry(route, new_pair, key), ""), kAction);
    }
  }

  void put_index_entries(Piece& piece, const TableLayout& table, const core::RowKey& key, const Entry& entry) {
    if (entry.exists ? entry.index_values.empty() : entry.base == nullptr) return;
    rocksdb::ColumnFamilyHandle* family = inside.database.handle(Family::Index);
    for (std::size_t i = 0; i < table.indexes.size(); ++i) {
      const IndexLayout& index = table.indexes[i];
      // Empty: the row has no entry.
      const std::string_view before = entry.base ? entry.base->index_values->at(i).bytes : std::string_view{};
      const std::string_view after = entry.exists ? entry.index_values.at(i).bytes : std::string_view{};
      if (before == after) continue;
      if (!before.empty()) {
        check(piece.batch.Delete(family, index_entry(index.id, entry.base->index_values->at(i), key)), kAction);
      }
      if (!after.empty()) piece.index_entries.add(index.id, after, key.bytes);
    }
  }

  void write(Piece& piece, Database::Durability durability) {
    piece.index_entries.take_sorted([&](core::IndexId index, std::string_view entry) {
      inside.note_entries(index);
      check(piece.batch.Put(inside.database.handle(Family::Index), slice(entry), ""), kAction);
    });
    StatusCounters::put(inside.database, piece.batch, piece.changes);
    inside.database.write(piece.batch, durability, kAction);
    inside.counters.add(piece.changes);
    inside.presence.apply(piece.moves);
    // What is written is the store's: a commit that fails in a later piece and is repeated writes only the rest.
    for (std::size_t i = piece.begin; i < piece.end; ++i) {
      Entry& entry = dirty[i].node->second;
      entry.is_dirty = false;
      entry.base.reset();
    }
    piece.batch.Clear();
    piece.changes.assign(changes.size(), {});
    piece.moves.clear();
    piece.begin = piece.end;
  }

  void commit(const std::optional<Progress>& progress, const std::optional<Chunk>& chunk, Sync sync) {
    Piece piece;
    piece.changes.resize(changes.size());
    // Undoing ends here: what is written stays written.
    undo.clear();
    keeps_undo = false;
    for (std::size_t i = 0; i < dirty.size(); ++i) {
      if (piece.batch.GetDataSize() >= kPieceBytes) {
        write(piece, Database::Durability::Logged);
        FAILPOINT("between_state_batches");
      }
      // Written before, by a commit that failed later on.
      if (dirty[i].node->second.is_dirty) put_row(piece, dirty[i]);
      piece.end = i + 1;
    }
    if (progress) Checkpoint::put(inside.database, piece.batch, *progress);
    if (chunk) ChunkLog::put(inside.database, piece.batch, *chunk);
    if (piece.batch.Count() > 0) {
      write(piece, sync == Sync::Yes ? Database::Durability::Synced : Database::Durability::Logged);
    } else if (sync == Sync::Yes) {
      inside.database.sync();
    }
    if (progress) inside.checkpoint.set(*progress);
    if (chunk) inside.chunk_log.set(std::span{&*chunk, 1});
    clear();
  }

  void clear() {
    for (Rows& rows : tables) rows.clear();
    dirty.clear();
    changes.assign(changes.size(), {});
    bytes = 0;
    undo.clear();
    keeps_undo = false;
    candidates.clear();
    target_key_candidates.clear();
  }
};

Overlay::Overlay(Store& store) : impl_(std::make_unique<Impl>(store)) {}
Overlay::~Overlay() = default;

std::optional<core::Row> Overlay::image(core::TableId table, const core::RowKey& key) {
  const StoredRow* found = row(table, key);
  return found == nullptr ? std::nullopt : std::optional{found->image};
}

std::vector<core::RowKey> Overlay::find(core::IndexId index, const core::RowKey& values) {
  return impl_->find(index, values);
}

bool Overlay::is_present(core::EntityId entity, const core::RowKey& key) {
  const Store::Impl& inside = impl_->inside;
  const EntityLayout& of = inside.entity(entity);
  const core::RowKey owner_key = owner(entity, key);
  // Rows that this batch only read may have changed since by another writer: for them the store answers.
  const auto is_applied = [&](const core::RowKey& row_key) {
    if (const Entry* entry = impl_->changed(of.table, row_key)) {
      return entry->exists && entry->now.statuses.at(of.slot) == core::RowStatus::Applied;
    }
    if (inside.presence.knows(entity)) return inside.presence.contains(entity, row_key);
    const auto stored = impl_->store.row(of.table, row_key);
    return stored && stored->statuses.at(of.slot) == core::RowStatus::Applied;
  };
  if (!of.index) return is_applied(owner_key);
  const std::vector<core::RowKey> rows = find(*of.index, owner_key);
  return std::any_of(rows.begin(), rows.end(), is_applied);
}

core::Uuid Overlay::uuid(core::EntityId entity, const core::RowKey& key) { return impl_->store.uuid(entity, key); }
core::RowKey Overlay::owner(core::EntityId entity, const core::RowKey& key) { return impl_->store.owner(entity, key); }

void Overlay::prefetch(core::TableId table, std::span<const core::RowKey> keys) {
  Rows& rows = impl_->tables.at(table.index());
  std::vector<core::RowKey> wanted;
  for (const core::RowKey& key : keys) {
    if (!rows.contains(key)) wanted.push_back(key);
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  rows.reserve(rows.size() + wanted.size());
  // A chunk of a first snapshot: one look at the range instead of one for each of its rows.
  constexpr std::size_t kWorthALook = 256;
  if (wanted.size() >= kWorthALook && !impl_->inside.has_rows(table, wanted.front(), wanted.back())) {
    for (core::RowKey& key : wanted) impl_->fill(*rows.try_emplace(std::move(key)).first, std::nullopt);
    return;
  }
  std::vector<std::optional<StoredRow>> found = impl_->store.rows(table, wanted);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    impl_->fill(*rows.try_emplace(std::move(wanted[i])).first, std::move(found[i]));
  }
}

void Overlay::assume_absent(core::TableId table, std::span<const core::RowKey> keys) {
  Rows& rows = impl_->tables.at(table.index());
  rows.reserve(rows.size() + keys.size());
  for (const core::RowKey& key : keys) {
    const auto [at, is_new] = rows.try_emplace(key);
    if (is_new) impl_->fill(*at, std::nullopt);
  }
}

const StoredRow* Overlay::row(core::TableId table, const core::RowKey& key) {
  const Entry& entry = impl_->load(table, key).second;
  return entry.exists ? &entry.now : nullptr;
}

void Overlay::put_image(core::TableId table, const core::RowKey& key, core::Row image) {
  impl_->put_image(table, impl_->load(table, key), std::move(image));
}

void Overlay::erase(core::TableId table, const core::RowKey& key) {
  Node& node = impl_->load(table, key);
  Entry& entry = node.second;
  if (!entry.exists) return;
  const TableLayout& layout = impl_->inside.table(table);
  const bool was_dirty = impl_->touch(table, node);
  impl_->remember_index_values(layout, entry);
  impl_->count(layout, entry.now.statuses, -1);
  impl_->bytes -= entry_bytes(node);
  StoredRow erased = std::exchange(entry.now, {});
  std::vector<core::RowKey> index_values = std::exchange(entry.index_values, {});
  impl_->bytes += entry_bytes(node);
  entry.exists = false;
  impl_->remember(table, node, was_dirty, EraseUndo{std::move(erased), std::move(index_values)});
}

void Overlay::set_status(core::TableId table, const core::RowKey& key, std::uint16_t slot, core::RowStatus status) {
  Node& node = impl_->load(table, key);
  Entry& entry = node.second;
  if (!entry.exists) throw core::Error{core::ErrorKind::Bug, "a status was set for a row that does not exist"};
  const core::RowStatus before = entry.now.statuses.at(slot);
  if (before == status) return;
  const bool was_dirty = impl_->touch(table, node);
  impl_->set_status(impl_->inside.table(table), entry, slot, status);
  impl_->remember(table, node, was_dirty, StatusUndo{slot, before});
}

void Overlay::set_target_key(core::TableId table, const core::RowKey& key, std::uint16_t slot, std::string target_key) {
  Node& node = impl_->load(table, key);
  Entry& entry = node.second;
  if (!entry.exists) throw core::Error{core::ErrorKind::Bug, "a target key was set for a row that does not exist"};
  if (entry.now.target_keys.at(slot) == target_key) return;
  const bool was_dirty = impl_->touch(table, node);
  if (!target_key.empty()) {
    const core::RouteId route = impl_->inside.table(table).routes[slot];
    impl_->target_key_candidates[pair_prefix(route, target_key)].push_back(&node);
  }
  std::string before = std::exchange(entry.now.target_keys[slot], std::move(target_key));
  impl_->remember(table, node, was_dirty, TargetKeyUndo{slot, std::move(before)});
}

std::vector<core::RowKey> Overlay::sharing_target_key(core::RouteId route, std::string_view target_key) {
  const RoutePlace& place = impl_->inside.route(route);
  const auto added = impl_->target_key_candidates.find(pair_prefix(route, target_key));
  return impl_->merge(place.table->id, impl_->store.sharing_target_key(route, target_key),
                      added == impl_->target_key_candidates.end() ? nullptr : &added->second,
                      [&](const Entry& entry) { return entry.now.target_keys[place.slot] == target_key; });
}

std::vector<core::RowKey> Overlay::keys(core::TableId table, const core::RowKey& begin, const core::RowKey& end,
                                        std::size_t limit) {
  const auto is_in_range = [&](const core::RowKey& key) { return key >= begin && (end.empty() || key < end); };
  // New rows of this batch; those that the store has too are met there.
  std::vector<core::RowKey> keys;
  for (const Changed& change : impl_->dirty) {
    const auto& [key, entry] = *change.node;
    if (change.table == table && entry.exists && !entry.base && is_in_range(key)) keys.push_back(key);
  }
  std::size_t taken = 0;
  if (limit > 0) {
    impl_->store.scan_keys(table, begin, end, [&](core::RowKey key) {
      const Entry* entry = impl_->changed(table, key);
      if (entry != nullptr && !entry->exists) return true;
      keys.push_back(std::move(key));
      return ++taken < limit;
    });
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  if (keys.size() > limit) keys.resize(limit);
  return keys;
}

std::vector<core::RouteCounters> Overlay::counter_changes() const { return impl_->changes; }
std::size_t Overlay::bytes() const { return impl_->bytes; }
bool Overlay::is_empty() const { return impl_->dirty.empty(); }

void Overlay::commit(const std::optional<Progress>& progress, const std::optional<Chunk>& chunk, Sync sync) {
  impl_->commit(progress, chunk, sync);
}

void Overlay::clear() { impl_->clear(); }

Overlay::Mark Overlay::mark() {
  impl_->keeps_undo = true;
  return impl_->undo.size();
}

void Overlay::rollback_to(Mark mark) {
  if (mark > impl_->undo.size())
    throw core::Error{core::ErrorKind::Bug, "a mark was rolled back to after its batch ended"};
  while (impl_->undo.size() > mark) {
    impl_->take_back(impl_->undo.back());
    impl_->undo.pop_back();
  }
}

}  // namespace state
