#include "apply/projection.hpp"

#include <algorithm>

namespace apply {

namespace {

// Shapes change with DDL only; a source that sends thousands of them is rebuilding tables, and old shapes will not come back.
constexpr std::size_t kMostShapes = 4096;

}  // namespace

Projection::Projection(const core::Relation& relation, const mapping::SourceTable& table)
    : move_(schema_move(relation, table)), key_types_(table.key_types()) {
  if (move_) return;
  for (const mapping::ImageColumn& column : table.columns) {
    const auto found = std::ranges::find(relation.columns, column.name, &core::RelationColumn::name);
    from_.push_back(static_cast<std::size_t>(found - relation.columns.begin()));
  }
}

core::Row Projection::image(const core::Row& sent) const {
  core::RowBuilder builder{from_.size(), sent.bytes().size()};
  for (const std::size_t column : from_) builder.add(sent[column]);
  return std::move(builder).finish();
}

core::RowKey Projection::key(const core::Row& sent) const {
  std::vector<core::Value> values;
  values.reserve(key_types_.size());
  for (std::size_t i = 0; i < key_types_.size(); ++i) values.push_back(sent[from_[i]]);
  return core::encode_key(key_types_, values);
}

bool Projection::has_key(const core::Row& sent) const {
  for (std::size_t i = 0; i < key_types_.size(); ++i) {
    if (!sent[from_[i]].is_text()) return false;
  }
  return true;
}

Projections::Target Projections::of(const std::shared_ptr<const core::Relation>& relation) {
  const auto found = entries_.find(relation.get());
  if (found != entries_.end()) return {found->second.table, found->second.projection.get()};
  if (entries_.size() >= kMostShapes) entries_.clear();
  Entry entry;
  entry.relation = relation;
  // A table keeps its oid when it is renamed, and its name when it is dropped and made again.
  entry.table = plan_.find_table(relation->oid);
  if (entry.table == nullptr) entry.table = plan_.find_table(relation->name);
  if (entry.table != nullptr) entry.projection = std::make_unique<Projection>(*relation, *entry.table);
  const auto& kept = entries_.emplace(relation.get(), std::move(entry)).first->second;
  return {kept.table, kept.projection.get()};
}

}  // namespace apply
