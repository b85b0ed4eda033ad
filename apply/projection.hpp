#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "apply/relation_fit.hpp"
#include "core/change.hpp"
#include "core/row_key.hpp"
#include "mapping/plan.hpp"

namespace apply {

/// From the columns in which the source sends a row to the columns in which its image is kept: by name, computed once per shape.
class Projection {
 public:
  Projection(const core::Relation& relation, const mapping::SourceTable& table);

  /// Why rows of this shape cannot be taken for rows of the table; then there is nothing else to ask.
  [[nodiscard]] const std::optional<SchemaMove>& move() const { return move_; }

  /// The image of a sent row; unchanged values stay unchanged.
  [[nodiscard]] core::Row image(const core::Row& sent) const;
  /// The primary key of a sent row (all of it, or only its key columns sent).
  [[nodiscard]] core::RowKey key(const core::Row& sent) const;
  /// Whether every key column of the sent row has a value of its own.
  [[nodiscard]] bool has_key(const core::Row& sent) const;

 private:
  std::optional<SchemaMove> move_;
  std::vector<std::size_t> from_;  // per image column: position in the sent row
  std::vector<core::KeyType> key_types_;
};

/// Projections by relation object. A relation is immutable and a new shape is a new object, so the object's identity is enough;
/// it is kept alive here, so that an address cannot be used again.
class Projections {
 public:
  explicit Projections(const mapping::Plan& plan) : plan_(plan) {}

  struct Target {
    const mapping::SourceTable* table;  ///< null: the plan does not read this relation
    const Projection* projection;
  };
  Target of(const std::shared_ptr<const core::Relation>& relation);

 private:
  struct Entry {
    std::shared_ptr<const core::Relation> relation;
    const mapping::SourceTable* table = nullptr;
    std::unique_ptr<Projection> projection;
  };
  const mapping::Plan& plan_;
  std::unordered_map<const core::Relation*, Entry> entries_;
};

}  // namespace apply
