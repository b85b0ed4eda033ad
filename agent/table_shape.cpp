#include "agent/table_shape.hpp"

#include <set>

namespace agent {

snapshot::TableShape shape_of(const mapping::SourceTable& table) {
  snapshot::TableShape shape;
  shape.table = table.id;
  shape.name = table.name;
  for (const mapping::ImageColumn& column : table.columns) shape.columns.push_back(column.name);
  shape.key_types = table.key_types();
  // Not bpchar: it is compared without the spaces at its end, which its text has.
  static const std::set<std::string> kCollated = {"pg_catalog.\"text\"", "pg_catalog.\"varchar\""};
  for (std::size_t i = 0; i < table.key_size; ++i) {
    const bool is_text = kCollated.contains(table.columns[i].sql_type);
    shape.key_is_text.push_back(is_text);
    const bool sorts =
        shape.key_types[i] == core::KeyType::Integer || is_text || table.columns[i].sql_type == "pg_catalog.\"uuid\"";
    shape.key_sorts_as_bytes = shape.key_sorts_as_bytes && sorts;
  }
  return shape;
}

}  // namespace agent
