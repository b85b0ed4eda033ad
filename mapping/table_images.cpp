#include "mapping/table_images.hpp"

#include <algorithm>
#include <utility>

namespace mapping {

namespace {

ImageColumn image_column(const core::CatalogTable& table, const std::string& name) {
  const core::CatalogColumn& column = *table.column(name);
  ImageColumn image;
  image.name = column.name;
  image.sql_type = column.base_type_name;
  if (!column.is_builtin) {
    // A type of the source's own (an enum, say) need not exist on the target: its text form is what expressions see.
    image.sql_type = column.type_category == 'A' ? "pg_catalog.\"text\"[]" : "pg_catalog.\"text\"";
  }
  image.key_type = column.is_integer ? core::KeyType::Integer : core::KeyType::Text;
  image.is_toastable = column.is_toastable;
  image.type = {column.type, column.type_modifier};
  image.position = static_cast<std::uint16_t>(&column - table.columns.data());
  return image;
}

}  // namespace

TableImages::TableImages(const ResolvedMapping& mapping) {
  for (const ResolvedRoute& route : mapping.routes) {
    add_table(*route.from);
    for (const ResolvedJoin& join : route.joins) {
      add_table(*join.table);
      tables_[id(*join.table).index()].is_joined = true;
    }
  }
  for (const ResolvedRoute& route : mapping.routes) {
    for (const std::string& column : route.key) needed_[id(*route.from).index()].insert(column);
    for (const ResolvedJoin& join : route.joins) {
      needed_[id(*join.table).index()].insert(join.find.begin(), join.find.end());
      need(route, join.on);
    }
    for (const ResolvedRef& ref : route.refs) need(route, ref.key);
    if (route.where) need(route, route.where->reads);
    for (const ResolvedColumn& column : route.columns) need(route, column.expression.reads);
  }
  fill_columns();
}

void TableImages::add_table(const core::CatalogTable& table) {
  const core::TableId next{static_cast<std::uint16_t>(tables_.size())};
  if (!ids_.emplace(table.name, next).second) return;
  SourceTable added;
  added.id = next;
  added.name = table.name;
  added.oid = table.oid;
  tables_.push_back(std::move(added));
  catalog_.push_back(&table);
  needed_.emplace_back(table.primary_key.begin(), table.primary_key.end());
}

void TableImages::need(const ResolvedRoute& route, const std::vector<NamedColumn>& columns) {
  for (const NamedColumn& column : columns) needed_[id(route.table_of(column.join)).index()].insert(column.column);
}

void TableImages::fill_columns() {
  for (SourceTable& table : tables_) {
    const core::CatalogTable& catalog = *catalog_[table.id.index()];
    for (const std::string& column : catalog.primary_key) table.columns.push_back(image_column(catalog, column));
    table.key_size = table.columns.size();
    for (const core::CatalogColumn& column : catalog.columns) {
      const auto& key = catalog.primary_key;
      if (std::find(key.begin(), key.end(), column.name) != key.end()) continue;
      if (needed_[table.id.index()].contains(column.name)) table.columns.push_back(image_column(catalog, column.name));
    }
  }
}

std::uint16_t TableImages::position(core::TableId table, const std::string& column) const {
  const std::vector<ImageColumn>& columns = tables_[table.index()].columns;
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const ImageColumn& image) { return image.name == column; });
  return static_cast<std::uint16_t>(found - columns.begin());
}

Operand TableImages::operand(const ResolvedRoute& route, const NamedColumn& column) const {
  return {column.join, position(id(route.table_of(column.join)), column.column)};
}

std::vector<Operand> TableImages::operands(const ResolvedRoute& route, const std::vector<NamedColumn>& columns) const {
  std::vector<Operand> result;
  for (const NamedColumn& column : columns) result.push_back(operand(route, column));
  std::sort(result.begin(), result.end());
  return result;
}

Access TableImages::access(core::TableId table, std::vector<std::uint16_t> columns) {
  SourceTable& source = tables_[table.index()];
  bool is_primary_key = columns.size() == source.key_size;
  for (std::size_t i = 0; i < columns.size() && is_primary_key; ++i) is_primary_key = columns[i] == i;
  if (is_primary_key) return {table, std::nullopt, std::move(columns)};

  const auto same = std::find_if(indexes_.begin(), indexes_.end(),
                                 [&](const Index& index) { return index.table == table && index.columns == columns; });
  if (same != indexes_.end()) return {table, same->id, std::move(columns)};
  const core::IndexId next{static_cast<std::uint16_t>(indexes_.size())};
  indexes_.push_back({next, table, columns});
  source.indexes.push_back(next);
  return {table, next, std::move(columns)};
}

}  // namespace mapping
