#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/row_key.hpp"
#include "core/uuid.hpp"
#include "state/layout.hpp"
#include "state/store.hpp"

namespace state {

class Database;

/// UUIDs of legacy keys: adopted ones from the store, all others minted from their name. Reads from any thread.
///
/// The adopted ids of an entity are replaced as a whole: written under a new generation, which the last batch makes the
/// current one. Its record:   value := generation:u32 count:u64 is_merged:u8 (some UUID has several keys)
class IdMap {
 public:
  /// Both must outlive the map.
  IdMap(Database& database, const Layout& layout);

  std::size_t adopt(core::EntityId entity, std::vector<Store::Adopted> ids);
  void for_each_adopted(
      core::EntityId entity,
      const std::function<void(const core::RowKey&, const core::Uuid&, const core::RowKey&)>& visit) const;
  [[nodiscard]] core::Uuid uuid(core::EntityId entity, const core::RowKey& key) const;
  [[nodiscard]] bool is_adopted(core::EntityId entity, const core::RowKey& key) const;
  [[nodiscard]] core::RowKey owner(core::EntityId entity, const core::RowKey& key) const;
  [[nodiscard]] std::vector<core::RowKey> merged_keys(core::EntityId entity, const core::RowKey& owner) const;

 private:
  struct Adoption {
    std::uint32_t generation = 0;
    std::uint64_t count = 0;
    bool is_merged = false;
  };
  struct Record {
    core::Uuid uuid;
    core::RowKey owner;
  };
  [[nodiscard]] static Record decode_record(const core::RowKey& key, std::string_view bytes);
  [[nodiscard]] const std::string& name(core::EntityId entity) const {
    return layout_.entities.at(entity.index()).name;
  }
  [[nodiscard]] Adoption adoption(core::EntityId entity) const;
  [[nodiscard]] std::optional<Record> record(core::EntityId entity, const Adoption& current,
                                             const core::RowKey& key) const;

  Database& database_;
  const Layout& layout_;

  // Protected by mutex_.
  mutable std::shared_mutex mutex_;
  std::vector<Adoption> adoptions_;  ///< by EntityId
};

}  // namespace state
