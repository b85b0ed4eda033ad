#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "core/relation.hpp"
#include "replication/relation_history.hpp"

namespace replication {

/// What the Relation messages of a stream said last: replaced every time, but the same object is kept while its content stays
/// the same, so that readers can compare pointers.
class RelationCache {
 public:
  /// Takes in a description that just arrived. `arrival` numbers the messages of the session.
  void remember(core::Relation relation, std::uint64_t arrival);

  /// An object with this content: the cached one when it is equal, else a new one. Leaves the cache as it is.
  [[nodiscard]] std::shared_ptr<const core::Relation> share(core::Relation relation) const;

  /// Takes over what a streamed transaction that committed was told: the source counts it as told to the session and does not
  /// repeat it. Whatever the session heard later than that stays.
  void adopt(const RelationHistory& committed);

  /// Null when the stream has not described it.
  [[nodiscard]] const std::shared_ptr<const core::Relation>& find(core::Oid oid) const;

 private:
  struct Known {
    std::shared_ptr<const core::Relation> relation;
    std::uint64_t arrival = 0;
  };
  std::unordered_map<std::uint32_t, Known> known_;
};

}  // namespace replication
