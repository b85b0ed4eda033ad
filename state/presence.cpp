#include "state/presence.hpp"

#include <mutex>
#include <roaring/roaring64map.hh>

#include "state/database.hpp"
#include "state/keys.hpp"
#include "state/rocks_status.hpp"
#include "state/scan.hpp"

// Newer versions of the library have a namespace, the one of Debian 12 has none.
namespace roaring {}
using namespace roaring;

namespace state {

struct Presence::Bitmap {
  Roaring64Map bits;
};

namespace {

bool wants_bitmap(const EntityLayout& entity) {
  return entity.is_referred_to && !entity.index && entity.key_types.size() == 1 &&
         entity.key_types.front() == core::KeyType::Integer;
}

/// The status of a slot, without decoding the rest of the stored row.
core::RowStatus status_of(std::string_view stored_row, std::size_t slot) {
  if (stored_row.empty() || slot >= static_cast<std::uint8_t>(stored_row.front()) || stored_row.size() < slot + 2) {
    throw damaged("a stored row is not well-formed");
  }
  return static_cast<core::RowStatus>(stored_row[1 + slot]);
}

}  // namespace

Presence::Presence(const Database& database, const Layout& layout)
    : by_table_(layout.tables.size()), by_entity_(layout.entities.size()) {
  for (std::size_t table = 0; table < layout.tables.size(); ++table) {
    by_table_[table].resize(layout.tables[table].routes.size());
  }
  for (std::size_t entity = 0; entity < layout.entities.size(); ++entity) {
    const EntityLayout& wanted = layout.entities[entity];
    if (!wants_bitmap(wanted)) continue;
    std::unique_ptr<Bitmap>& bitmap = by_table_.at(wanted.table.index()).at(wanted.slot);
    if (!bitmap) bitmap = std::make_unique<Bitmap>();
    by_entity_[entity] = bitmap.get();
  }
  for (std::size_t table = 0; table < by_table_.size(); ++table) {
    bool is_followed = false;
    for (const auto& bitmap : by_table_[table]) is_followed = is_followed || bitmap;
    if (!is_followed) continue;
    const std::string prefix = table_prefix(core::TableId{static_cast<std::uint16_t>(table)});
    for (Scan scan{database, Family::Rows, prefix, prefix_end(prefix), Scan::Purpose::Sweep}; scan.is_valid();
         scan.next()) {
      const core::RowKey key = row_key_of(scan.key());
      if (!is_single_integer(key)) throw damaged("a row key has another type than its table");
      for (std::size_t slot = 0; slot < by_table_[table].size(); ++slot) {
        Bitmap* bitmap = by_table_[table][slot].get();
        if (bitmap != nullptr && status_of(scan.value(), slot) == core::RowStatus::Applied) {
          bitmap->bits.add(static_cast<uint64_t>(biased_integer(key)));
        }
      }
    }
    for (const auto& bitmap : by_table_[table]) {
      if (bitmap) bitmap->bits.runOptimize();
    }
  }
}

Presence::~Presence() = default;

Presence::Bitmap* Presence::bitmap(core::TableId table, std::size_t slot) const {
  return by_table_[table.index()][slot].get();
}

bool Presence::contains(core::EntityId entity, const core::RowKey& key) const {
  if (!is_single_integer(key)) return false;
  const std::shared_lock lock{mutex_};
  return by_entity_[entity.index()]->bits.contains(static_cast<uint64_t>(biased_integer(key)));
}

bool Presence::follows(core::TableId table, std::size_t slot) const { return bitmap(table, slot) != nullptr; }

void Presence::apply(const std::vector<Move>& moves) {
  if (moves.empty()) return;
  const std::unique_lock lock{mutex_};
  for (const Move& move : moves) {
    Bitmap* moved = bitmap(move.table, move.slot);
    if (moved == nullptr) continue;
    const auto bit = static_cast<uint64_t>(biased_integer(move.key));
    if (move.is_present) {
      moved->bits.add(bit);
    } else {
      moved->bits.remove(bit);
    }
  }
}

}  // namespace state
