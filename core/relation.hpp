#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace core {

/// An object identifier of PostgreSQL, as the stream and the catalogs carry it.
struct Oid {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(const Oid&, const Oid&) = default;
};

/// A table's full name. Printed quoted only where needed: use pg::quote_name for SQL.
struct QualifiedName {
  std::string schema;
  std::string name;
  /// `schema.name`, or just `name` in schema public: for messages, never for SQL.
  [[nodiscard]] std::string display() const { return schema == "public" ? name : schema + "." + name; }
  friend auto operator<=>(const QualifiedName&, const QualifiedName&) = default;
};

/// Which old columns an UPDATE or DELETE carries (pg_class.relreplident).
enum class ReplicaIdentity : std::uint8_t { Default, Nothing, Full, Index };

struct RelationColumn {
  std::string name;
  Oid type;
  std::int32_t type_modifier = -1;
  bool is_key = false;  ///< part of the replica identity
  friend bool operator==(const RelationColumn&, const RelationColumn&) = default;
};

/// The shape of the rows that follow it: what a Relation message of the stream says, or what a snapshot's COPY lists.
/// Immutable and shared by the changes that it describes; a new shape is a new object.
struct Relation {
  Oid oid;
  QualifiedName name;
  ReplicaIdentity identity = ReplicaIdentity::Default;
  std::vector<RelationColumn> columns;
  friend bool operator==(const Relation&, const Relation&) = default;
};

}  // namespace core
