#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/uuid.hpp"
#include "mapping/plan.hpp"

/// mapping.yaml as it was written: parsed, every key known, nothing checked against a database. Values with positions.
namespace mapping {

/// A scalar of the file.
struct Scalar {
  std::string text;
  SourcePosition at;
  std::size_t offset = 0;  ///< of its first byte in the file (the quote or block indicator, if it has one)
};

using ScalarPair = std::pair<Scalar, Scalar>;

/// `target_column: expression`, or `target_column: { expr: …, missing: … }`.
struct ColumnEntry {
  Scalar name;
  Scalar expression;
  bool is_yaml_null = false;  ///< written as an unquoted null (or left empty): it cannot be told what was meant
  std::optional<Missing> missing;
  SourcePosition missing_at;
};

/// `alias: { from: table, on: { joined_column: column }, many: …, static: … }`.
struct JoinEntry {
  Scalar alias;
  Scalar from;
  std::vector<ScalarPair> on;
  bool is_many = false;
  bool is_static = false;
};

struct RouteEntry {
  SourcePosition at;
  std::optional<Scalar> name;
  Scalar from;
  Scalar to;
  std::optional<Scalar> entity;
  std::vector<Scalar> key;  ///< empty: the primary key
  std::optional<Scalar> id;
  bool has_no_id = false;  ///< `id: null`
  std::vector<Scalar> conflict;
  std::vector<JoinEntry> joins;
  std::optional<Scalar> where;
  std::vector<ColumnEntry> columns;
  OnDelete on_delete = OnDelete::Delete;
  std::vector<ColumnEntry> set_on_delete;
  OnTruncate on_truncate = OnTruncate::Delete;
  bool owns_all = false;
};

struct EntityEntry {
  Scalar name;
  std::optional<Scalar> adopt;
};

struct ReconcileEntry {
  Scalar name;
  Scalar source;
  Scalar target;
};

struct CleanupEntry {
  std::vector<std::pair<Scalar, std::vector<Scalar>>> drop_columns;
  std::vector<Scalar> also_drop;
};

/// What the switch does to the target before others write to it.
struct SettleEntry {
  std::vector<Scalar> keep_disabled;
};

struct MappingFile {
  std::string path;
  std::string text;  ///< the whole file, for positions inside scalars
  core::Uuid name_space;
  std::vector<Scalar> tables;  ///< patterns of the source tables in scope; empty: all of schema public
  std::vector<ScalarPair> ignore;
  std::vector<EntityEntry> entities;
  std::vector<RouteEntry> routes;
  std::vector<ReconcileEntry> reconcile;
  SettleEntry settle;
  CleanupEntry cleanup;
};

}  // namespace mapping
