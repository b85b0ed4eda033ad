#include "agent/layout.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace agent {

namespace {

std::vector<core::KeyType> key_types(const mapping::SourceTable& table, const std::vector<std::uint16_t>& columns) {
  std::vector<core::KeyType> types;
  types.reserve(columns.size());
  for (const std::uint16_t column : columns) types.push_back(table.columns[column].key_type);
  return types;
}

state::TableLayout layout_of_table(const mapping::Plan& plan, const mapping::SourceTable& table) {
  state::TableLayout layout{.id = table.id,
                            .key_size = table.key_size,
                            .key_types = table.key_types(),
                            .routes = table.routes,
                            .indexes = {}};
  for (const core::IndexId id : table.indexes) {
    const mapping::Index& index = plan.index(id);
    layout.indexes.push_back({.id = id, .columns = index.columns, .key_types = key_types(table, index.columns)});
  }
  return layout;
}

/// The index over the columns that make the key of an entity's first route; none when they are the primary key.
std::optional<core::IndexId> key_index(const mapping::Plan& plan, const mapping::Entity& entity,
                                       const mapping::Route& first) {
  if (first.key_is_primary) return std::nullopt;
  for (const core::IndexId id : plan.table(entity.table).indexes) {
    if (plan.index(id).columns == first.key) return id;
  }
  throw core::Error(core::ErrorKind::Bug, "the plan has no index over an entity's key").with("entity", entity.name);
}

state::EntityLayout layout_of_entity(const mapping::Plan& plan, const mapping::Entity& entity) {
  if (entity.routes.empty()) {
    throw core::Error(core::ErrorKind::Bug, "the plan has an entity that no route mints").with("entity", entity.name);
  }
  const mapping::Route& first = plan.route(entity.routes.front());
  const std::vector<core::RouteId>& slots = plan.table(entity.table).routes;
  const auto slot = std::find(slots.begin(), slots.end(), first.id);
  if (slot == slots.end()) {
    throw core::Error(core::ErrorKind::Bug, "the plan's table does not list its route").with("route", first.name);
  }
  return {.id = entity.id,
          .name = entity.name,
          .table = entity.table,
          .slot = static_cast<std::uint16_t>(slot - slots.begin()),
          .index = key_index(plan, entity, first),
          .key_types = entity.key_types,
          .is_referred_to = !entity.referred_by.empty()};
}

}  // namespace

state::Layout layout_of(const mapping::Plan& plan) {
  state::Layout layout{.tables = {},
                       .entities = {},
                       .route_count = plan.routes.size(),
                       .name_space = plan.name_space,
                       .fingerprint = plan.layout_fingerprint};
  for (const mapping::SourceTable& table : plan.tables) layout.tables.push_back(layout_of_table(plan, table));
  for (const mapping::Entity& entity : plan.entities) layout.entities.push_back(layout_of_entity(plan, entity));
  return layout;
}

}  // namespace agent
