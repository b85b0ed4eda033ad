#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/relation.hpp"
#include "pg/session.hpp"

namespace replication {

/// A table as a publication lists it.
struct PublishedTable {
  core::QualifiedName name;
  bool has_row_filter = false;   ///< 15+: somebody hides rows
  bool has_column_list = false;  ///< 15+: somebody hides columns
  friend bool operator==(const PublishedTable&, const PublishedTable&) = default;
};

/// What the source's catalog says of a publication.
struct Publication {
  std::string name;
  bool is_for_all_tables = false;
  std::vector<std::string> schemas;  ///< 15+: FOR TABLES IN SCHEMA
  bool publishes_insert = false;
  bool publishes_update = false;
  bool publishes_delete = false;
  bool publishes_truncate = false;     ///< true before 11, where the stream has no TRUNCATE
  bool is_via_partition_root = false;  ///< true before 13, where there is no such option
  std::vector<PublishedTable> tables;  ///< listed by name, sorted; not those that ALL TABLES or a schema brings in
  std::uint32_t oid = 0;               ///< another one when it was dropped and made again
  /// Another one when its options (or its owner) were changed, also when they were changed back: the transaction that wrote its catalog row.
  std::uint32_t version = 0;
  /// Of the entry of each listed table: another one when the table was taken out and put in again.
  std::map<core::QualifiedName, std::uint32_t> entries;
  /// The same of each schema that is published whole.
  std::map<std::string, std::uint32_t> schema_entries;
  std::string comment;  ///< COMMENT ON PUBLICATION; empty when there is none
};

/// How a publication differs from one of exactly the wanted tables, whole.
struct PublicationDifference {
  std::vector<core::QualifiedName> missing;        ///< wanted, not published: their changes would never come
  std::vector<core::QualifiedName> extra;          ///< published, not wanted
  std::vector<core::QualifiedName> row_filtered;   ///< wanted tables of which rows are hidden
  std::vector<core::QualifiedName> column_listed;  ///< wanted tables of which columns are hidden
  std::vector<std::string> missing_operations;     ///< insert, update, delete, truncate
  bool is_not_via_partition_root = false;
  bool is_for_more_than_tables = false;  ///< FOR ALL TABLES, or whole schemas: it cannot be altered to a list

  /// Which of the wanted tables' changes were, or may have been, kept back.
  [[nodiscard]] std::set<core::QualifiedName> kept_back(const std::set<core::QualifiedName>& wanted) const;
  /// Nothing that is wanted is kept back. Extra tables cost bandwidth only.
  [[nodiscard]] bool is_complete() const;
  /// The publication is exactly what create_publication would make.
  [[nodiscard]] bool is_empty() const;
  /// For people: which tables and operations, by name.
  [[nodiscard]] std::string describe() const;
};

/// The publication as it is, or nothing when there is none.
[[nodiscard]] std::optional<Publication> read_publication(pg::Session& session, const std::string& name);

/// Creates a publication of exactly these tables, all operations, partitions under their root. Precondition: tables are given.
void create_publication(pg::Session& session, const std::string& name, const std::set<core::QualifiedName>& tables);

[[nodiscard]] PublicationDifference compare(const Publication& publication,
                                            const std::set<core::QualifiedName>& wanted);

/// Brings the publication to exactly these tables and options, without a moment in which one of them is not published. Row
/// filters and column lists are removed. Throws Error(Refused) when it is for all tables or for schemas.
void alter_publication(pg::Session& session, const Publication& publication,
                       const std::set<core::QualifiedName>& wanted);

/// Only its owner may: throws Error(Source) with SQLSTATE 42501 otherwise.
void comment_on_publication(pg::Session& session, const std::string& name, const std::string& comment);

/// Throws Error(Refused), naming its owner, when it exists and this role may not drop it. Changes nothing.
void require_may_drop_publication(pg::Session& session, const std::string& name);

/// Drops it if it exists; false when there was none. Throws what require_may_drop_publication() throws.
bool drop_publication(pg::Session& session, const std::string& name);

}  // namespace replication
