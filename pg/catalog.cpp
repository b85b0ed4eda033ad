#include "pg/catalog.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>
#include <utility>

#include "core/array_literal.hpp"
#include "pg/catalog_sql.hpp"
#include "pg/quoting.hpp"
#include "pg/server_version.hpp"

namespace pg {

namespace {

/// What pg_type says, as far as columns need it.
struct Type {
  std::string name;  ///< quoted, with schema
  std::string schema;
  char kind = 'b';
  char category = 'U';
  std::int64_t base = 0;     ///< of a domain
  std::int64_t element = 0;  ///< of an array
  bool is_not_null = false;  ///< domain with NOT NULL
  bool is_comparable = false;
};
using Types = std::unordered_map<std::int64_t, Type>;
/// The tables being read, by oid.
using Tables = std::map<std::int64_t, core::CatalogTable>;

char letter(const Result& result, std::size_t row, std::size_t column, char otherwise) {
  const std::string text = result.text(row, column);
  return text.empty() ? otherwise : text.front();
}

core::Oid oid(const Result& result, std::size_t row, std::size_t column) {
  return core::Oid{static_cast<std::uint32_t>(result.integer(row, column))};
}

std::string filled(std::string sql, std::string_view placeholder, std::string_view text) {
  const std::size_t at = sql.find(placeholder);
  return at == std::string::npos ? sql : sql.replace(at, placeholder.size(), text);
}

std::string array_of(const std::vector<std::string>& texts) {
  std::string literal = "{";
  for (const std::string& text : texts) {
    if (literal.size() > 1) literal += ',';
    core::append_array_element(literal, core::Value::of(text));
  }
  return literal += '}';
}

core::ReplicaIdentity identity_of(char letter) {
  switch (letter) {
    case 'n': return core::ReplicaIdentity::Nothing;
    case 'f': return core::ReplicaIdentity::Full;
    case 'i': return core::ReplicaIdentity::Index;
    default: return core::ReplicaIdentity::Default;
  }
}

std::string type_name(const std::string& schema, const std::string& name) {
  return schema == "pg_catalog" ? "pg_catalog." + quote_identifier(name) : quote_name({schema, name});
}

Types read_types(Session& session) {
  const Result result = session.exec(sql::kTypes);
  Types types;
  types.reserve(result.rows());
  for (std::size_t row = 0; row < result.rows(); ++row) {
    types.emplace(result.integer(row, 0),
                  Type{type_name(result.text(row, 1), result.text(row, 8)), result.text(row, 1),
                       letter(result, row, 2, 'b'), letter(result, row, 3, 'U'), result.integer(row, 4),
                       result.integer(row, 5), result.is_true(row, 6), result.is_true(row, 7)});
  }
  return types;
}

const Type* find(const Types& types, std::int64_t id) {
  const auto found = types.find(id);
  return found == types.end() ? nullptr : &found->second;
}

/// The type below all domains. `is_not_null` tells whether one of them forbids NULL.
struct BaseType {
  std::int64_t id;
  bool is_not_null = false;
};
BaseType base_of(const Types& types, std::int64_t id) {
  BaseType base{id};
  for (const Type* type = find(types, id); type != nullptr && type->kind == 'd'; type = find(types, base.id)) {
    base.is_not_null = base.is_not_null || type->is_not_null;
    base.id = type->base;
  }
  return base;
}

/// The internal name, to cast to without a modifier: `character` is one character wide, `pg_catalog."bpchar"` is as wide as its value.
std::string cast_name(const Types& types, std::int64_t id) {
  const Type* type = find(types, base_of(types, id).id);
  if (type == nullptr) return "pg_catalog.\"text\"";
  if (type->element != 0 && type->category == 'A') return cast_name(types, type->element) + "[]";
  return type->name;
}

bool has_equality(const Types& types, std::int64_t id) {
  const Type* type = find(types, base_of(types, id).id);
  if (type == nullptr) return false;
  if (type->is_comparable) return true;
  // Arrays compare as their elements do; enums, ranges and multiranges always can. Composite types may hold anything.
  if (type->element != 0) return has_equality(types, type->element);
  return type->kind == 'e' || type->kind == 'r' || type->kind == 'm';
}

Tables read_tables(Session& session, const std::string& schemas) {
  const Result result = session.exec(sql::kTables, {schemas});
  Tables tables;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    core::CatalogTable table;
    table.oid = oid(result, row, 0);
    table.name = {result.text(row, 1), result.text(row, 2)};
    table.kind = letter(result, row, 3, 'r');
    table.is_partition = result.is_true(row, 4);
    table.identity = identity_of(letter(result, row, 5, 'd'));
    table.estimated_rows = result.integer(row, 6);
    table.has_row_security = result.is_true(row, 7);
    table.forces_row_security = result.is_true(row, 8);
    tables.emplace(result.integer(row, 0), std::move(table));
  }
  return tables;
}

void read_columns(Session& session, const std::string& schemas, Tables& tables) {
  const ServerVersion version{session.server_version()};
  const Types types = read_types(session);
  const Result result = session.exec(
      filled(sql::kColumns, "{generated}", version.has_generated_columns() ? "a.attgenerated" : "''"), {schemas});
  for (std::size_t row = 0; row < result.rows(); ++row) {
    const auto table = tables.find(result.integer(row, 0));
    if (table == tables.end()) continue;  // created since
    const std::int64_t type_id = result.integer(row, 2);
    const BaseType base = base_of(types, type_id);
    const Type* const base_type = find(types, base.id);
    constexpr std::int64_t kInt8 = 20;
    constexpr std::int64_t kInt2 = 21;
    constexpr std::int64_t kInt4 = 23;

    core::CatalogColumn column;
    column.name = result.text(row, 1);
    column.type = oid(result, row, 2);
    column.type_modifier = static_cast<std::int32_t>(result.integer(row, 3));
    column.type_name = result.text(row, 4);
    column.base_type_name = cast_name(types, type_id);
    column.type_category = base_type == nullptr ? 'U' : base_type->category;
    column.is_integer = base.id == kInt8 || base.id == kInt2 || base.id == kInt4;
    column.is_builtin = base_type != nullptr && base_type->schema == "pg_catalog";
    column.is_not_null = result.is_true(row, 5) || base.is_not_null;
    column.has_default = result.is_true(row, 6);
    column.is_generated = result.is_true(row, 7);
    column.is_identity_always = result.is_true(row, 8);
    column.has_equality = has_equality(types, type_id);
    column.is_toastable = result.is_true(row, 9);
    table->second.columns.push_back(std::move(column));
  }
}

void read_keys(Session& session, const std::string& schemas, Tables& tables) {
  const ServerVersion version{session.server_version()};
  const Result result = session.exec(filled(sql::kUniqueIndexes, "{key_columns}",
                                            version.has_included_index_columns() ? "i.indnkeyatts" : "i.indnatts"),
                                     {schemas});
  for (std::size_t row = 0; row < result.rows();) {
    const std::int64_t index = result.integer(row, 1);
    const std::size_t first = row;
    std::vector<std::string> key;
    for (; row < result.rows() && result.integer(row, 1) == index; ++row) key.push_back(result.text(row, 2));
    const auto found = tables.find(result.integer(first, 0));
    if (found == tables.end()) continue;
    core::CatalogTable& table = found->second;
    for (std::size_t i = 0; i < key.size(); ++i) {
      if (!result.is_true(first + i, 6)) continue;
      const auto column = std::ranges::find(table.columns, key[i], &core::CatalogColumn::name);
      if (column != table.columns.end()) column->is_loosely_unique = true;
    }
    if (result.is_true(first, 3)) table.primary_key = key;
    if (result.is_true(first, 4) && table.identity == core::ReplicaIdentity::Index) table.identity_key = key;
    // A deferrable key may be violated for a while, and ON CONFLICT refuses it.
    if (result.is_true(first, 5)) table.unique_keys.push_back(std::move(key));
  }
}

void read_foreign_keys(Session& session, const std::string& schemas, Tables& tables) {
  const ServerVersion version{session.server_version()};
  const Result result = session.exec(filled(sql::kForeignKeys, "{is_declared}",
                                            version.has_constraint_parents() ? sql::kNoDerivedConstraints : "true"),
                                     {schemas});
  for (std::size_t row = 0; row < result.rows();) {
    const std::int64_t constraint = result.integer(row, 1);
    const std::size_t first = row;
    core::CatalogForeignKey key;
    key.name = result.text(first, 2);
    key.references = {result.text(first, 3), result.text(first, 4)};
    key.on_delete = letter(result, first, 5, 'a');
    key.is_deferrable = result.is_true(first, 6);
    for (; row < result.rows() && result.integer(row, 1) == constraint; ++row) {
      key.columns.push_back(result.text(row, 7));
      key.referenced_columns.push_back(result.text(row, 8));
    }
    const auto found = tables.find(result.integer(first, 0));
    if (found != tables.end()) found->second.foreign_keys.push_back(std::move(key));
  }
}

}  // namespace

core::Catalog read_catalog(Session& session, const std::vector<std::string>& schemas) {
  const std::string list = array_of(schemas);
  Tables tables = read_tables(session, list);
  read_columns(session, list, tables);
  read_keys(session, list, tables);
  read_foreign_keys(session, list, tables);
  core::Catalog catalog;
  for (auto& [id, table] : tables) catalog.tables.emplace(table.name, std::move(table));
  return catalog;
}

ServerIdentity read_identity(Session& session) {
  const Result result = session.exec(sql::kIdentity);
  ServerIdentity identity{.system_identifier = result.text(0, 0), .timeline = 0, .database = result.text(0, 2)};
  const std::string timeline = result.text(0, 1);
  const auto [end, error] = std::from_chars(timeline.data(), timeline.data() + timeline.size(), identity.timeline, 16);
  if (error != std::errc{} || end != timeline.data() + timeline.size()) {
    throw core::Error(core::ErrorKind::Bug, "the server names a timeline that is no number");
  }
  return identity;
}

}  // namespace pg
