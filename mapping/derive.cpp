#include "mapping/derive.hpp"

#include <algorithm>
#include <utility>

namespace mapping {

namespace {

bool any_null(std::span<const core::Value> values) {
  return std::any_of(values.begin(), values.end(), [](const core::Value& value) { return !value.is_text(); });
}

std::vector<core::Value> values_of(const Derivation& row, std::span<const Operand> operands) {
  std::vector<core::Value> values;
  values.reserve(operands.size());
  for (const Operand& operand : operands) values.push_back(row.value(operand));
  return values;
}

std::vector<core::Row> find_joined(const Plan& plan, const Join& join, std::span<const core::Value> values,
                                   core::Lookup& lookup) {
  std::vector<core::Row> rows;
  for (const core::RowKey& key : rows_by(plan, join.find, values, lookup)) {
    if (auto image = lookup.image(join.table, key)) rows.push_back(std::move(*image));
  }
  return rows;
}

RefState look_up_ref(const Plan& plan, const Route& route, const Ref& ref, const Derivation& row,
                     core::Lookup& lookup) {
  const auto values = values_of(row, ref.key);
  if (any_null(values)) return {};
  const Entity& entity = plan.entity(ref.entity);
  const core::RowKey key = core::encode_key(entity.key_types, values);
  // A row that refers to itself has its parent the moment it is written.
  // Also under a key that was merged into its own.
  const bool is_own_row = route.entity == ref.entity && entity.routes.front() == route.id &&
                          lookup.owner(ref.entity, key) == row.entity_key;
  if (!is_own_row && !lookup.is_present(ref.entity, key)) return {RefState::Kind::Missed, {}};
  return {RefState::Kind::Resolved, lookup.uuid(ref.entity, key)};
}

}  // namespace

core::Value Derivation::value(const Operand& operand) const {
  if (operand.join == Operand::kRow) return image[operand.column];
  const auto& rows = joined[static_cast<std::size_t>(operand.join)];
  return rows.empty() ? core::Value::null() : rows.front()[operand.column];
}

std::vector<core::RowKey> rows_by(const Plan& plan, const Access& access, std::span<const core::Value> values,
                                  core::Lookup& lookup) {
  if (any_null(values)) return {};
  const SourceTable& table = plan.table(access.table);
  std::vector<core::KeyType> types;
  types.reserve(access.columns.size());
  for (const std::uint16_t column : access.columns) types.push_back(table.columns[column].key_type);
  core::RowKey key = core::encode_key(types, values);
  if (access.index) return lookup.find(*access.index, key);
  if (!lookup.image(access.table, key)) return {};
  return {std::move(key)};
}

core::RowKey entity_key(const Plan& plan, const Route& route, const core::RowKey& key, const core::Row& image) {
  if (route.key_is_primary) return key;
  std::vector<core::Value> values;
  for (const std::uint16_t column : route.key) values.push_back(image[column]);
  return core::encode_key(plan.entity(*route.entity).key_types, values);
}

std::string ref_key_text(const Route& route, const Derivation& row, std::uint16_t ref) {
  std::string text;
  const std::vector<Operand>& key = route.refs[ref].key;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (i > 0) text += ',';
    text += row.value(key[i]).text;
  }
  return text;
}

Derivation derive(const Plan& plan, const Route& route, const core::RowKey& key, core::Row image,
                  core::Lookup& lookup) {
  Derivation row;
  row.key = key;
  row.image = std::move(image);
  if (route.entity) row.entity_key = entity_key(plan, route, key, row.image);
  row.joined.reserve(route.joins.size());
  for (std::size_t i = 0; i < route.joins.size(); ++i) {
    const Join& join = route.joins[i];
    auto rows = find_joined(plan, join, values_of(row, join.on), lookup);
    if (!join.is_many && rows.size() > 1 && !row.ambiguous_join) row.ambiguous_join = static_cast<std::uint16_t>(i);
    row.joined.push_back(std::move(rows));
  }
  row.refs.reserve(route.refs.size());
  for (const Ref& ref : route.refs) row.refs.push_back(look_up_ref(plan, route, ref, row, lookup));
  return row;
}

}  // namespace mapping
