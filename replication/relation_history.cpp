#include "replication/relation_history.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace replication {

void RelationHistory::remember(std::shared_ptr<const core::Relation> relation, std::uint64_t arrival) {
  Descriptions& known = descriptions_[relation->oid.value];
  if (!known.empty() && *known.back().relation == *relation) {
    known.back().last_arrival = arrival;
    return;
  }
  known.push_back({arrival, arrival, std::move(relation)});
}

const std::shared_ptr<const core::Relation>& RelationHistory::find(core::Oid oid, std::uint64_t arrival) const {
  static const std::shared_ptr<const core::Relation> kUnknown;
  const auto found = descriptions_.find(oid.value);
  if (found == descriptions_.end()) return kUnknown;
  const Descriptions& known = found->second;
  const auto later =
      std::upper_bound(known.begin(), known.end(), arrival,
                       [](std::uint64_t at, const Description& entry) { return at < entry.first_arrival; });
  return later == known.begin() ? kUnknown : std::prev(later)->relation;
}

const std::shared_ptr<const core::Relation>& RelationHistory::latest(core::Oid oid) const {
  return find(oid, std::numeric_limits<std::uint64_t>::max());
}

}  // namespace replication
