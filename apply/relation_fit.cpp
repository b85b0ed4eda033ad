#include "apply/relation_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace apply {

namespace {

constexpr core::Oid kUnknown{};

const core::RelationColumn* find(const core::Relation& relation, const std::string& name) {
  const auto found = std::ranges::find(relation.columns, name, &core::RelationColumn::name);
  return found == relation.columns.end() ? nullptr : &*found;
}

/// A relation may also be older than the plan, when what came since was harmless: then the way back is not.
bool fits(const core::ColumnType& sent, const core::ColumnType& planned) {
  return core::keeps_values(planned, sent) || core::keeps_values(sent, planned);
}

std::string describe(const core::ColumnType& type) {
  return type.modifier == -1 ? fmt::format("type oid {}", type.type.value)
                             : fmt::format("type oid {} modifier {}", type.type.value, type.modifier);
}

std::optional<SchemaMove> column_move(const core::Relation& relation, const mapping::SourceTable& table) {
  for (const mapping::ImageColumn& column : table.columns) {
    const core::RelationColumn* sent = find(relation, column.name);
    if (sent == nullptr) return SchemaMove{column.name, "was dropped, renamed or left out of the publication"};
    const core::ColumnType type{sent->type, sent->type_modifier};
    if (fits(type, column.type)) continue;
    return SchemaMove{column.name, "changed from " + describe(column.type) + " to " + describe(type)};
  }
  return std::nullopt;
}

/// The server lists columns in the order of their creation. A column of the same name elsewhere is another column: names were
/// exchanged, or it was dropped and added again, and old rows hold other values in it than were copied.
std::optional<SchemaMove> order_move(const core::Relation& relation, const mapping::SourceTable& table) {
  std::vector<const mapping::ImageColumn*> columns;
  for (const mapping::ImageColumn& column : table.columns) columns.push_back(&column);
  std::ranges::sort(columns, {}, &mapping::ImageColumn::position);
  const core::RelationColumn* previous = nullptr;
  for (const mapping::ImageColumn* column : columns) {
    const core::RelationColumn* sent = find(relation, column->name);
    if (previous != nullptr && sent < previous) {
      return SchemaMove{column->name, "stands elsewhere: columns were renamed, or dropped and added again"};
    }
    previous = sent;
  }
  return std::nullopt;
}

std::optional<SchemaMove> key_move(const core::Relation& relation, const mapping::SourceTable& table) {
  if (relation.identity == core::ReplicaIdentity::Full) return std::nullopt;     // every column is sent
  if (relation.identity == core::ReplicaIdentity::Nothing) return std::nullopt;  // the source refuses UPDATE and DELETE
  for (std::size_t i = 0; i < table.key_size; ++i) {
    if (find(relation, table.columns[i].name)->is_key) continue;
    return SchemaMove{table.columns[i].name, "is no longer part of the replica identity: the primary key changed"};
  }
  if (relation.identity == core::ReplicaIdentity::Index) return std::nullopt;  // may have more than the key
  for (const core::RelationColumn& sent : relation.columns) {
    if (!sent.is_key) continue;
    const auto key_end = table.columns.begin() + static_cast<std::ptrdiff_t>(table.key_size);
    if (std::find_if(table.columns.begin(), key_end, [&](const auto& key) { return key.name == sent.name; }) == key_end)
      return SchemaMove{sent.name, "is now part of the primary key"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<SchemaMove> schema_move(const core::Relation& relation, const mapping::SourceTable& table) {
  if (relation.name != table.name) return SchemaMove{"", "was renamed to " + relation.name.display()};
  if (table.oid != kUnknown && relation.oid != kUnknown && relation.oid != table.oid) {
    return SchemaMove{
        "", fmt::format("is another table of the same name (oid {}, was {})", relation.oid.value, table.oid.value)};
  }
  if (auto move = column_move(relation, table)) return move;
  if (auto move = order_move(relation, table)) return move;
  return key_move(relation, table);
}

}  // namespace apply
