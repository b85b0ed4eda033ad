#pragma once

#include <optional>
#include <vector>

#include "core/ids.hpp"
#include "core/row.hpp"
#include "core/row_key.hpp"
#include "core/uuid.hpp"

namespace core {

/// What deriving a row asks of the local state: the stored images of source rows, their secondary indexes, and the id map.
/// Answers are as of the batch in hand (its own changes included).
class Lookup {
 public:
  virtual ~Lookup() = default;

  /// The stored image of a source row in the plan's column order; nothing when there is no such row.
  [[nodiscard]] virtual std::optional<Row> image(TableId table, const RowKey& key) = 0;
  /// Keys of the rows whose index columns equal `values`, in primary-key order.
  [[nodiscard]] virtual std::vector<RowKey> find(IndexId index, const RowKey& values) = 0;
  /// Whether the row that an entity's key names is in the target (through its owner, if the key was merged into another).
  [[nodiscard]] virtual bool is_present(EntityId entity, const RowKey& key) = 0;
  /// The UUID of an entity's key: the adopted one, else the minted one. Defined for every key, present or not.
  [[nodiscard]] virtual Uuid uuid(EntityId entity, const RowKey& key) = 0;
  /// The key that owns the target row of `key`: another one only where an adopted id was given to several keys.
  [[nodiscard]] virtual RowKey owner(EntityId entity, const RowKey& key) = 0;
};

}  // namespace core
