#include "mapping/affected.hpp"

#include <algorithm>
#include <vector>

#include "mapping/derive.hpp"

namespace mapping {

namespace {

std::vector<core::Value> pick(const core::Row& row, const std::vector<std::uint16_t>& columns) {
  std::vector<core::Value> values;
  values.reserve(columns.size());
  for (const std::uint16_t column : columns) values.push_back(row[column]);
  return values;
}

/// Rows of the route's own table that see these rows of the table of `from`.
std::vector<core::RowKey> walk_back(const Plan& plan, const Route& route, std::int16_t from,
                                    std::vector<core::RowKey> keys, core::Lookup& lookup) {
  while (from != Operand::kRow) {
    const Join& join = route.joins[static_cast<std::size_t>(from)];
    std::vector<core::RowKey> seers;
    for (const core::RowKey& key : keys) {
      const auto image = lookup.image(join.table, key);
      if (!image) continue;
      for (core::RowKey& seer : rows_by(plan, join.seen_by, pick(*image, join.find.columns), lookup))
        seers.push_back(std::move(seer));
    }
    keys = std::move(seers);
    from = join.from;
  }
  return keys;
}

bool differs(const core::Row* before, const core::Row* after, const std::vector<std::uint16_t>& columns) {
  if (before == nullptr || after == nullptr) return before != after;
  return std::any_of(columns.begin(), columns.end(),
                     [&](std::uint16_t column) { return (*before)[column] != (*after)[column]; });
}

}  // namespace

void rows_that_saw(const Plan& plan, core::TableId table, const core::Row* before, const core::Row* after,
                   core::Lookup& lookup, const AffectedRow& affected) {
  for (const JoinedBy& by : plan.joined_by[table.index()]) {
    const Route& route = plan.route(by.route);
    const Join& join = route.joins[by.join];
    if (join.is_static || !differs(before, after, join.used)) continue;
    const auto name_seers = [&](const core::Row& image) {
      auto seers = rows_by(plan, join.seen_by, pick(image, join.find.columns), lookup);
      for (const core::RowKey& key : walk_back(plan, route, join.from, std::move(seers), lookup)) affected(route, key);
    };
    if (before != nullptr) name_seers(*before);
    // The same key finds the same rows.
    if (after != nullptr && differs(before, after, join.find.columns)) name_seers(*after);
  }
}

void rows_that_refer_to(
    const Plan& plan, core::EntityId entity, const core::RowKey& key, core::Lookup& lookup,
    const std::function<void(const Route& route, const Ref& ref, const core::RowKey& key)>& affected) {
  const std::vector<std::string> texts = core::key_values(key);
  const std::vector<core::Value> values = core::text_values(texts);
  for (const auto& [route_id, position] : plan.entity(entity).referred_by) {
    const Route& route = plan.route(route_id);
    const Ref& ref = route.refs[position];
    auto rows = rows_by(plan, ref.seen_by, values, lookup);
    for (const core::RowKey& row : walk_back(plan, route, ref.from, std::move(rows), lookup)) affected(route, ref, row);
  }
}

}  // namespace mapping
