#include "validate/reconcile_pairs.hpp"

#include <algorithm>
#include <cstddef>

namespace validate {

namespace {

/// Whether two lines are of one group: all values but the last are equal, and there are such.
bool is_same_group(const ReconcileRow& a, const ReconcileRow& b) {
  if (a.size() != b.size() || a.size() < 2) return false;
  return std::equal(a.begin(), a.end() - 1, b.begin());
}

/// Equal lines beside each other, all others alone.
std::vector<ReconcilePair> merge(const ReconcileRows& source, const ReconcileRows& target) {
  std::vector<ReconcilePair> pairs;
  std::size_t s = 0;
  std::size_t t = 0;
  while (s < source.size() || t < target.size()) {
    if (t == target.size() || (s < source.size() && source[s] < target[t])) {
      pairs.push_back({source[s++], std::nullopt});
    } else if (s == source.size() || target[t] < source[s]) {
      pairs.push_back({std::nullopt, target[t++]});
    } else {
      pairs.push_back({source[s++], target[t++]});
    }
  }
  return pairs;
}

}  // namespace

std::vector<ReconcilePair> pair_lines(const ReconcileRows& source, const ReconcileRows& target) {
  std::vector<ReconcilePair> pairs;
  for (ReconcilePair& line : merge(source, target)) {
    ReconcilePair* last = pairs.empty() ? nullptr : &pairs.back();
    if (last != nullptr && !last->source && line.source && is_same_group(*last->target, *line.source) && !line.target) {
      last->source = std::move(line.source);
    } else if (last != nullptr && !last->target && line.target && !line.source &&
               is_same_group(*last->source, *line.target)) {
      last->target = std::move(line.target);
    } else {
      pairs.push_back(std::move(line));
    }
  }
  return pairs;
}

}  // namespace validate
