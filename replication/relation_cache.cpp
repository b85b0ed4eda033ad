#include "replication/relation_cache.hpp"

#include <utility>

namespace replication {

void RelationCache::remember(core::Relation relation, std::uint64_t arrival) {
  const std::uint32_t oid = relation.oid.value;
  known_[oid] = {share(std::move(relation)), arrival};
}

std::shared_ptr<const core::Relation> RelationCache::share(core::Relation relation) const {
  const std::shared_ptr<const core::Relation>& known = find(relation.oid);
  if (known && *known == relation) return known;
  return std::make_shared<const core::Relation>(std::move(relation));
}

void RelationCache::adopt(const RelationHistory& committed) {
  for (const auto& [oid, descriptions] : committed.all()) {
    const RelationHistory::Description& latest = descriptions.back();
    Known& known = known_[oid];
    if (known.relation && known.arrival > latest.last_arrival) continue;
    known = {latest.relation, latest.last_arrival};
  }
}

const std::shared_ptr<const core::Relation>& RelationCache::find(core::Oid oid) const {
  static const std::shared_ptr<const core::Relation> kUnknown;
  const auto found = known_.find(oid.value);
  return found == known_.end() ? kUnknown : found->second.relation;
}

}  // namespace replication
