#pragma once

#include <memory>
#include <shared_mutex>
#include <vector>

#include "core/ids.hpp"
#include "core/row_key.hpp"
#include "core/row_status.hpp"
#include "state/layout.hpp"

namespace state {

class Database;

/// Which rows are in the target, as a compressed bitmap per table and slot in memory: for the entities that refs ask about and
/// whose key is one integer primary key. A few bits a row, instead of a look-up for every ref of every row.
class Presence {
 public:
  /// Loads the bitmaps by reading the rows of their tables.
  Presence(const Database& database, const Layout& layout);
  ~Presence();

  /// Whether the entity has a bitmap.
  [[nodiscard]] bool knows(core::EntityId entity) const { return by_entity_[entity.index()] != nullptr; }
  /// Precondition: knows(entity).
  [[nodiscard]] bool contains(core::EntityId entity, const core::RowKey& key) const;

  /// Whether a status of this table and slot has a bitmap to follow it.
  [[nodiscard]] bool follows(core::TableId table, std::size_t slot) const;

  struct Move {
    core::TableId table;
    std::size_t slot;
    core::RowKey key;
    bool is_present;
  };
  /// After the statuses were written. Moves that nothing follows are ignored.
  void apply(const std::vector<Move>& moves);

 private:
  struct Bitmap;
  [[nodiscard]] Bitmap* bitmap(core::TableId table, std::size_t slot) const;

  // Constant after construction; the bits inside are protected by mutex_.
  std::vector<std::vector<std::unique_ptr<Bitmap>>> by_table_;  ///< [table][slot], null where nobody asks
  std::vector<Bitmap*> by_entity_;
  mutable std::shared_mutex mutex_;
};

}  // namespace state
