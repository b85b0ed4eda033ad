#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/relation.hpp"
#include "core/row.hpp"

namespace core {

/// A new row; from the stream or from the snapshot.
struct Insert {
  Row row;
};

/// What the source sends of the old row, in the relation's column order.
struct OldRow {
  enum class Extent : std::uint8_t { Key, Full };
  Extent extent = Extent::Key;
  /// With Extent::Key the columns outside of the key are NULL *as placeholders*: their values were not sent.
  Row row;
};

struct Update {
  std::optional<OldRow> old;  ///< absent: the key did not change, take it from `row`
  Row row;                    ///< may hold unchanged values
};

struct Delete {
  OldRow old;
};

/// TRUNCATE of one relation. The stream names all relations of the statement at once; they arrive as changes of one transaction.
struct Truncate {
  bool cascade = false;
};

/// One change of one source row (or, for Truncate, of one table): what both the snapshot and the stream are made of.
struct Change {
  std::shared_ptr<const Relation> relation;
  std::variant<Insert, Update, Delete, Truncate> what;

  /// Memory that the change holds, for bounding queues. Bytes.
  [[nodiscard]] std::size_t bytes() const {
    constexpr std::size_t kOverhead = 96;
    struct Size {
      std::size_t operator()(const Insert& change) const { return change.row.bytes().size(); }
      std::size_t operator()(const Update& change) const {
        return change.row.bytes().size() + (change.old ? change.old->row.bytes().size() : 0);
      }
      std::size_t operator()(const Delete& change) const { return change.old.row.bytes().size(); }
      std::size_t operator()(const Truncate&) const { return 0; }
    };
    return kOverhead + std::visit(Size{}, what);
  }
};

}  // namespace core
