#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/relation.hpp"

namespace core {

/// What pg_catalog says of one column. Value object: read once, compared, never a live handle.
struct CatalogColumn {
  std::string name;
  Oid type;
  std::int32_t type_modifier = -1;
  /// format_type(): `character varying(100)`, `integer[]`, `profile_type` (schema-qualified unless on the search path).
  std::string type_name;
  /// The type to cast its text form to, without modifier, so that nothing is cut: the quoted internal name, `pg_catalog."bpchar"`,
  /// `pg_catalog."int4"`, `public."mood"`, with `[]` for arrays of them; of a domain, its base type's.
  std::string base_type_name;
  /// pg_type.typcategory of the type, or of the base type of a domain: 'N' numeric, 'S' string, 'D' date/time, 'B' boolean, 'E' enum, 'A' array, 'U' user …
  char type_category = 'U';
  bool is_integer = false;  ///< smallint, integer, bigint or a domain over one: keys of this type sort as numbers
  bool is_builtin = true;   ///< the type (of a domain, its base type) lives in pg_catalog, so that every server has it
  bool is_not_null = false;
  bool has_default = false;   ///< a DEFAULT, an identity or a generation expression
  bool is_generated = false;  ///< GENERATED ALWAYS AS (…) STORED: never written, never in the stream before 18
  bool is_identity_always = false;
  bool has_equality = true;  ///< false for json, xml, point, …: such values are compared as text
  /// A unique index over it takes values for equal that read differently: numeric (1.0 and 1.00), jsonb, citext, a collation that ignores case.
  bool is_loosely_unique = false;
  bool is_toastable = false;  ///< attstorage other than 'p': may arrive as *unchanged*
  friend bool operator==(const CatalogColumn&, const CatalogColumn&) = default;
};

/// A foreign key of the table that lists it.
struct CatalogForeignKey {
  std::string name;
  std::vector<std::string> columns;
  QualifiedName references;
  std::vector<std::string> referenced_columns;
  char on_delete = 'a';  ///< pg_constraint.confdeltype: a no action, r restrict, c cascade, n set null, d set default
  bool is_deferrable = false;
};

struct CatalogTable {
  Oid oid;
  QualifiedName name;
  char kind = 'r';  ///< pg_class.relkind: r table, p partitioned table, v view, …
  bool is_partition = false;
  ReplicaIdentity identity = ReplicaIdentity::Default;
  std::vector<CatalogColumn> columns;    ///< live columns in attnum order
  std::vector<std::string> primary_key;  ///< empty when there is none
  std::vector<std::vector<std::string>>
      unique_keys;  ///< primary key, unique constraints and non-partial unique indexes on plain columns
  std::vector<std::string> identity_key;  ///< columns of REPLICA IDENTITY USING INDEX; empty otherwise
  std::vector<CatalogForeignKey> foreign_keys;
  std::int64_t estimated_rows = 0;   ///< pg_class.reltuples, 0 when unknown
  bool has_row_security = false;     ///< relrowsecurity
  bool forces_row_security = false;  ///< relforcerowsecurity: even for the owner

  [[nodiscard]] const CatalogColumn* column(std::string_view column_name) const {
    for (const CatalogColumn& column : columns) {
      if (column.name == column_name) return &column;
    }
    return nullptr;
  }
  [[nodiscard]] bool has_unique_key(const std::vector<std::string>& key_columns) const;
};

/// The tables of one database, at the moment it was read.
struct Catalog {
  std::map<QualifiedName, CatalogTable> tables;
  [[nodiscard]] const CatalogTable* table(const QualifiedName& name) const {
    const auto found = tables.find(name);
    return found == tables.end() ? nullptr : &found->second;
  }
};

}  // namespace core
