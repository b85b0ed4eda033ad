#include "apply/projection.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace apply {

namespace {

// Shapes change with DDL only; a source that sends thousands of them is rebuilding tables, and old shapes will not come back.
constexpr std::size_t kMostShapes = 4096;

}  // namespace

Projection::Projection(const core::Relation& relation, const mapping::SourceTable& table)
    : key_types_(table.key_types()) {
  for (const mapping::ImageColumn& column : table.columns) {
    const auto found = std::find_if(relation.columns.begin(), relation.columns.end(),
                                    [&](const core::RelationColumn& sent) { return sent.name == column.name; });
    if (found == relation.columns.end()) {
      throw core::Error{core::ErrorKind::Refused, "the source no longer sends a column that the mapping reads"}
          .with("table", table.name.display())
          .with("column", column.name)
          .remedy(
              "the column was dropped or renamed on the source, or left out of the publication: bring it back, or "
              "change mapping.yaml "
              "and run `agent snapshot`");
    }
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
  entry.table = plan_.find_table(relation->name);
  if (entry.table != nullptr) entry.projection = std::make_unique<Projection>(*relation, *entry.table);
  const auto& kept = entries_.emplace(relation.get(), std::move(entry)).first->second;
  return {kept.table, kept.projection.get()};
}

}  // namespace apply
