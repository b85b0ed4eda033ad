#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/relation.hpp"
#include "pg/session.hpp"

namespace cutover {

/// An object of the target's catalog, as pg_depend names it, and what it is.
struct CatalogObject {
  std::uint32_t oid = 0;
  std::string kind;           ///< as find_dependents() says it
  core::QualifiedName name;   ///< its own; of what belongs to a table, without a schema
  core::QualifiedName table;  ///< that it belongs to
};

/// How it goes, and how it is made again as it is now, with owner, rights, comments and settings.
struct Definition {
  std::string drop_sql;            ///< one statement
  std::vector<std::string> again;  ///< empty: of this kind the agent does not know how
};

/// A statement that leaves rights on the relation (its quoted name) to its owner alone, whoever has some by default privileges.
[[nodiscard]] std::string take_rights(const std::string& relation);

/// Sets search_path so that every name in a definition comes out qualified, for the life of the session.
void qualify_names(pg::Session& session);

/// Precondition: qualify_names(). Throws as Session::exec does.
[[nodiscard]] Definition define(pg::Session& session, const CatalogObject& object);

/// A column as it is.
struct ColumnDefinition {
  std::string name;
  std::string
      definition;  ///< `"sku" character varying(50) DEFAULT ''::text`: what ADD COLUMN takes; neither identity nor NOT NULL
  std::vector<std::string> again;  ///< what else it was given: comment, rights, storage
  bool is_generated = false;       ///< its values come by themselves
  bool is_identity = false;
  bool is_not_null = false;
  bool is_key = false;        ///< part of the primary key
  bool is_inherited = false;  ///< or part of the partition key: it cannot be dropped from this table
};

/// Those of the columns that are there, in the order of the table.
[[nodiscard]] std::vector<ColumnDefinition> define_columns(pg::Session& session, const core::QualifiedName& table,
                                                           const std::vector<std::string>& columns);

/// A sequence that would go with its column.
struct ColumnSequence {
  std::string sequence;  ///< quoted
  std::string column;    ///< quoted
  std::string identity;  ///< `a` or `d`; empty: a default reads it
  std::string options;   ///< START WITH … NO CYCLE
};
[[nodiscard]] std::vector<ColumnSequence> column_sequences(pg::Session& session, const core::QualifiedName& table,
                                                           const std::vector<std::string>& columns);

/// The columns of its primary key; none: it has none.
[[nodiscard]] std::vector<std::string> primary_key(pg::Session& session, const core::QualifiedName& table);

/// `"a", "b"`.
[[nodiscard]] std::string quoted_list(const std::vector<std::string>& names);

}  // namespace cutover
