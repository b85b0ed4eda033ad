#pragma once

#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/catalog.hpp"

namespace tests {

/// A catalog table in a few words: `table("orders").key("id int").has("name text!").unique({"name"})`. A type followed by
/// '!' is NOT NULL, by '=' has a default.
class TableBuilder {
 public:
  explicit TableBuilder(const std::string& name) { table_.name = {"public", name}; }

  TableBuilder& key(const std::string& column) {
    has(column + "!");
    table_.primary_key.push_back(table_.columns.back().name);
    table_.unique_keys = {table_.primary_key};
    return *this;
  }
  TableBuilder& has(const std::string& column) {
    std::istringstream words(column);
    core::CatalogColumn added;
    std::string type;
    words >> added.name >> type;
    while (type.back() == '!' || type.back() == '=') {
      (type.back() == '!' ? added.is_not_null : added.has_default) = true;
      type.pop_back();
    }
    added.type_name = type;
    added.base_type_name = "pg_catalog.\"" + type + "\"";
    added.type = type_oid(type);
    added.is_integer = type == "int4" || type == "int8";
    added.type_category = category(type);
    table_.columns.push_back(std::move(added));
    return *this;
  }
  TableBuilder& generated(const std::string& column) {
    has(column);
    table_.columns.back().is_generated = true;
    return *this;
  }
  TableBuilder& unique(std::vector<std::string> columns) {
    table_.unique_keys.push_back(std::move(columns));
    return *this;
  }
  TableBuilder& loosely_unique(const std::string& column) {
    for (core::CatalogColumn& candidate : table_.columns) {
      if (candidate.name == column) candidate.is_loosely_unique = true;
    }
    return *this;
  }
  TableBuilder& references(const std::string& column, const std::string& table) {
    table_.foreign_keys.push_back({column + "_fk", {column}, {"public", table}, {"id"}, 'a', false});
    return *this;
  }
  TableBuilder& identity(core::ReplicaIdentity identity) {
    table_.identity = identity;
    return *this;
  }
  [[nodiscard]] const core::CatalogTable& build() const { return table_; }

 private:
  static core::Oid type_oid(const std::string& type) {
    static const std::map<std::string, std::uint32_t> kOids = {
        {"int4", 23}, {"int8", 20}, {"text", 25}, {"varchar", 1043}, {"uuid", 2950}};
    const auto found = kOids.find(type);
    return core::Oid{found == kOids.end() ? 1U : found->second};
  }
  static char category(const std::string& type) {
    if (type == "text" || type == "varchar") return 'S';
    if (type == "timestamptz" || type == "date") return 'D';
    if (type == "bool") return 'B';
    if (type == "_int4") return 'A';
    return type == "int4" || type == "int8" || type == "numeric" ? 'N' : 'U';
  }
  core::CatalogTable table_;
};

inline TableBuilder table(const std::string& name) { return TableBuilder(name); }

inline core::Catalog catalog(const std::vector<TableBuilder>& tables) {
  core::Catalog result;
  for (const TableBuilder& builder : tables) result.tables.emplace(builder.build().name, builder.build());
  return result;
}

}  // namespace tests
