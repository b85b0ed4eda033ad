#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "core/relation.hpp"

namespace replication {

/// Every description of a relation that one streamed transaction was given, in order of arrival: a held change is read by the
/// one that was in force at its place, since the transaction may have altered the table in between. Descriptions do not fall
/// with a subtransaction that is rolled back; the source sends newer ones where that matters.
class RelationHistory {
 public:
  struct Description {
    std::uint64_t first_arrival = 0;
    std::uint64_t last_arrival = 0;  ///< when it was repeated last
    std::shared_ptr<const core::Relation> relation;
  };
  using Descriptions = std::vector<Description>;  ///< one relation's, oldest first; never empty

  /// Takes in a description; `arrival` is greater than every one before. Repetitions cost no memory.
  void remember(std::shared_ptr<const core::Relation> relation, std::uint64_t arrival);

  /// The description of `oid` in force for the message that arrived at `arrival`; null when there was none before it.
  [[nodiscard]] const std::shared_ptr<const core::Relation>& find(core::Oid oid, std::uint64_t arrival) const;

  /// The latest description of `oid`, or null.
  [[nodiscard]] const std::shared_ptr<const core::Relation>& latest(core::Oid oid) const;

  [[nodiscard]] const std::unordered_map<std::uint32_t, Descriptions>& all() const { return descriptions_; }

 private:
  std::unordered_map<std::uint32_t, Descriptions> descriptions_;
};

}  // namespace replication
