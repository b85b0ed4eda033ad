#include "state/overlay.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <variant>

#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "state/keys.hpp"
#include "state/rollback.hpp"
#include "state/row_batch.hpp"
#include "state/store_impl.hpp"

namespace state {

namespace {

/// Bounds the memory of a WriteBatch, and the time for which it keeps other writers waiting.
constexpr std::size_t kOverlayBytes = 8U << 20U;
/// What an entry takes besides its image, roughly.
constexpr std::size_t kEntryOverhead = 256;
/// Rows whose former selves are read and put into the undo log at a time.
constexpr std::size_t kUndoRows = 4096;

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

std::size_t step_bytes(const Undo& undo) {
  if (const auto* image = std::get_if<ImageUndo>(&undo.step)) return sizeof undo + image->image.bytes().size();
  if (const auto* erased = std::get_if<EraseUndo>(&undo.step)) return sizeof undo + erased->row.image.bytes().size();
  return sizeof undo;
}

}  // namespace

struct Overlay::Impl {
  Impl(Store& opened, std::size_t most_bytes)
      : store(opened),
        inside(*opened.impl_),
        spill_bytes(most_bytes),
        tables(inside.layout.tables.size()),
        changes(inside.layout.route_count) {}

  Store& store;
  Store::Impl& inside;
  const std::size_t spill_bytes;  ///< 0: never
  std::vector<Rows> tables;
  std::vector<Changed> dirty;  ///< in the order of their first change; snapshots come in key order
  std::vector<core::RouteCounters> changes;
  std::size_t bytes = 0;
  std::vector<Undo> undo;
  std::size_t undo_bytes = 0;
  bool keeps_undo = false;

  /// Rows that have, or had for a while, the values of an index (or a target key of a route): a superset, checked against
  /// the rows themselves. Kept for an index from its first look-up on, since most are never asked within a batch.
  using Candidates = std::unordered_map<std::string, std::vector<Node*>>;
  std::unordered_map<core::IndexId, Candidates> candidates;
  struct ByKey {
    bool operator()(const Node* a, const Node* b) const { return a->first < b->first; }
  };
  std::unordered_map<std::string, std::set<Node*, ByKey>> target_key_candidates;  ///< by pair_prefix()

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
    if (!keeps_undo) return;
    undo.push_back({{table, &node}, was_dirty, std::move(step)});
    undo_bytes += step_bytes(undo.back());
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

  // Writing.
  static void put(RowBatch& batch, const TableLayout& table, const Node& node) {
    const auto& [key, entry] = node;
    std::optional<RowBatch::Before> before;
    if (entry.base) {
      before.emplace(RowBatch::Before{entry.base->statuses, entry.base->target_keys,
                                      entry.base->index_values ? &*entry.base->index_values : nullptr});
    }
    std::optional<RowBatch::After> after;
    if (entry.exists) {
      after.emplace(RowBatch::After{entry.now, entry.index_values.empty() ? nullptr : &entry.index_values});
    }
    batch.put(table, key, before ? &*before : nullptr, after ? &*after : nullptr);
  }

  /// What is written is the store's: a commit that fails in a later piece and is repeated writes only the rest.
  void written(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      Entry& entry = dirty[i].node->second;
      entry.is_dirty = false;
      entry.base.reset();
    }
  }

  /// Puts what the store has of dirty rows into the undo log.
  void put_undo(RowBatch& batch, std::span<const Changed> rows) const {
    std::vector<std::string> keys;
    keys.reserve(rows.size());
    for (const Changed& change : rows) {
      if (change.node->second.is_dirty && change.node->second.base) {
        keys.push_back(row_store_key(change.table, change.node->first));
      }
    }
    const auto stored = inside.database.get(Family::Rows, keys);
    std::size_t next = 0;
    for (const Changed& change : rows) {
      if (!change.node->second.is_dirty) continue;
      inside.undo.put(batch.batch(), change.table, change.node->first,
                      change.node->second.base ? stored[next++] : std::nullopt);
    }
  }

  /// Writes all dirty rows ahead of the commit and forgets everything that is in memory.
  void spill() {
    if (!dirty.empty()) {
      inside.undo.begin_generation();
      RowBatch batch{inside};
      std::size_t begin = 0;
      for (std::size_t i = 0; i < dirty.size();) {
        const auto rows = std::span{dirty}.subspan(i, std::min(kUndoRows, dirty.size() - i));
        put_undo(batch, rows);
        for (const Changed& change : rows) {
          if (change.node->second.is_dirty) put(batch, inside.table(change.table), *change.node);
        }
        i += rows.size();
        if (batch.bytes() < kOverlayBytes && i < dirty.size()) continue;
        batch.write(Database::Durability::Logged);
        written(begin, i);
        begin = i;
        FAILPOINT("between_state_batches");
      }
    }
    forget_rows();
  }

  void put_ends(RowBatch& batch, const std::optional<Progress>& progress, const std::optional<Chunk>& chunk) const {
    if (progress) Checkpoint::put(inside.database, batch.batch(), *progress);
    if (chunk) ChunkLog::put(inside.database, batch.batch(), *chunk);
    if (has_spilled()) inside.undo.put_forget(batch.batch());
  }

  /// All that is left in one write, since nothing would take the first of several back.
  void commit_whole(const std::optional<Progress>& progress, const std::optional<Chunk>& chunk, Sync sync) {
    // Before the pieces of a spill are forgotten: those fit into memory, a batch of all of them might not.
    if (bytes > kOverlayBytes) spill();
    RowBatch batch{inside};
    for (const Changed& change : dirty) put(batch, inside.table(change.table), *change.node);
    put_ends(batch, progress, chunk);
    if (!batch.is_empty()) {
      FAILPOINT("before_state_commit");
      batch.write(sync == Sync::Yes ? Database::Durability::Synced : Database::Durability::Logged);
    } else if (sync == Sync::Yes) {
      inside.database.sync();
    }
    inside.counters.add(changes);
    forget_rows();
    changes.assign(changes.size(), {});
    if (has_spilled()) inside.undo.forgotten(inside.database);
  }

  void commit_in_pieces(const std::optional<Progress>& progress, const std::optional<Chunk>& chunk, Sync sync) {
    RowBatch batch{inside};
    std::size_t begin = 0;
    const auto write = [&](std::size_t end, Database::Durability durability) {
      batch.write(durability);
      inside.counters.add(batch.moved());
      written(begin, end);
      begin = end;
    };
    for (std::size_t i = 0; i < dirty.size(); ++i) {
      if (batch.bytes() >= kOverlayBytes) {
        write(i, Database::Durability::Logged);
        FAILPOINT("between_state_batches");
      }
      // Written before, by a commit that failed later on.
      if (dirty[i].node->second.is_dirty) put(batch, inside.table(dirty[i].table), *dirty[i].node);
    }
    put_ends(batch, progress, chunk);
    if (!batch.is_empty()) {
      write(dirty.size(), sync == Sync::Yes ? Database::Durability::Synced : Database::Durability::Logged);
    } else if (sync == Sync::Yes) {
      inside.database.sync();
    }
    forget_rows();
    changes.assign(changes.size(), {});
  }

  void commit(const std::optional<Progress>& progress, const std::optional<Chunk>& chunk, Sync sync) {
    FAILPOINT("before_state_write");
    // Undoing ends here: what is written stays written.
    undo.clear();
    undo_bytes = 0;
    keeps_undo = false;
    if (may_spill()) {
      commit_whole(progress, chunk, sync);
    } else {
      commit_in_pieces(progress, chunk, sync);
    }
    if (progress) inside.checkpoint.set(*progress);
    if (chunk) inside.chunk_log.set(std::span{&*chunk, 1});
  }

  /// Whether this overlay has changes in the store that are not committed.
  [[nodiscard]] bool has_spilled() const { return may_spill() && inside.undo.generation() > 0; }
  [[nodiscard]] bool may_spill() const { return spill_bytes > 0; }
  [[nodiscard]] bool is_full() const { return may_spill() && bytes + undo_bytes > spill_bytes; }

  void forget_rows() {
    for (Rows& rows : tables) rows.clear();
    dirty.clear();
    bytes = 0;
    undo.clear();
    undo_bytes = 0;
    candidates.clear();
    target_key_candidates.clear();
  }

  void clear() {
    forget_rows();
    changes.assign(changes.size(), {});
    keeps_undo = false;
    if (may_spill()) roll_back(inside, 0, CountersKnow::No);
  }

  void rollback_to(const Mark& mark) {
    if (may_spill() && inside.undo.generation() > mark.generation) {
      forget_rows();
      roll_back(inside, mark.generation, CountersKnow::No);
      changes = mark.counters;
      return;
    }
    if (mark.undo > undo.size())
      throw core::Error{core::ErrorKind::Bug, "a mark was rolled back to after its batch ended"};
    while (undo.size() > mark.undo) {
      undo_bytes -= std::min(undo_bytes, step_bytes(undo.back()));
      take_back(undo.back());
      undo.pop_back();
    }
  }
};

Overlay::Overlay(Store& store) : Overlay(store, 0) {}

Overlay::Overlay(Store& store, std::size_t spill_bytes) : impl_(std::make_unique<Impl>(store, spill_bytes)) {
  // Of an earlier overlay that could not.
  if (impl_->may_spill()) roll_back(impl_->inside, 0, CountersKnow::No);
}

Overlay::~Overlay() {
  try {
    impl_->clear();
  } catch (const std::exception&) {
    // A full disk, most likely: the next overlay, or the next open, does it.
  }
}

std::optional<core::Row> Overlay::image(core::TableId table, const core::RowKey& key) {
  if (impl_->is_full() && !impl_->tables.at(table.index()).contains(key)) {
    // Rows that are only looked at must not add to what is held.
    auto stored = impl_->store.row(table, key);
    return stored ? std::optional{std::move(stored->image)} : std::nullopt;
  }
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
    impl_->target_key_candidates[pair_prefix(route, target_key)].insert(&node);
  }
  std::string before = std::exchange(entry.now.target_keys[slot], std::move(target_key));
  impl_->remember(table, node, was_dirty, TargetKeyUndo{slot, std::move(before)});
}

std::optional<core::RowKey> Overlay::lowest_sharing(core::RouteId route, std::string_view target_key) {
  const RoutePlace& place = impl_->inside.route(route);
  const auto holds = [&](const Entry& entry) {
    return entry.exists && entry.now.target_keys[place.slot] == target_key;
  };
  std::optional<core::RowKey> lowest = impl_->store.lowest_sharing(route, target_key, [&](const core::RowKey& key) {
    const Entry* entry = impl_->changed(place.table->id, key);
    return entry == nullptr || holds(*entry);
  });
  const auto candidates = impl_->target_key_candidates.find(pair_prefix(route, target_key));
  if (candidates == impl_->target_key_candidates.end()) return lowest;
  const auto added = std::ranges::find_if(
      candidates->second, [&](const Node* node) { return node->second.is_dirty && holds(node->second); });
  if (added != candidates->second.end() && (!lowest || (*added)->first < *lowest)) lowest = (*added)->first;
  return lowest;
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
std::size_t Overlay::bytes() const { return impl_->bytes + impl_->undo_bytes; }

void Overlay::make_room() {
  if (impl_->is_full()) impl_->spill();
}
bool Overlay::is_empty() const { return impl_->dirty.empty() && !impl_->has_spilled(); }

void Overlay::commit(const std::optional<Progress>& progress, const std::optional<Chunk>& chunk, Sync sync) {
  impl_->commit(progress, chunk, sync);
}

void Overlay::clear() { impl_->clear(); }

Overlay::Mark Overlay::mark() {
  // Then what follows is taken back in memory or in the store, and never in both.
  if (impl_->may_spill() && !impl_->dirty.empty()) impl_->spill();
  impl_->keeps_undo = true;
  if (!impl_->may_spill()) return {.undo = impl_->undo.size(), .generation = 0, .counters = {}};
  return {.undo = impl_->undo.size(), .generation = impl_->inside.undo.generation(), .counters = impl_->changes};
}

void Overlay::rollback_to(const Mark& mark) { impl_->rollback_to(mark); }

}  // namespace state
