#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/property/random.hpp"
#include "tests/property/value_type.hpp"

namespace tests {

/// What becomes of a row whose parent is missing, as the mapping says it.
enum class Policy : std::uint8_t { Park, Filter, Null, Quarantine };

/// What becomes of a target row that is not meant any more, as the mapping says it.
enum class OnDelete : std::uint8_t { Delete, Keep, Mark };

/// A column of a key: its values are drawn from a small pool, so that keys meet again.
struct ModelKeyColumn {
  std::string name;
  std::string type;
};

/// Columns that hold the key of a row of table `parent`; nothing in the source enforces them.
struct ModelReference {
  std::size_t parent = 0;
  std::vector<std::string> columns;
  bool is_self_below = false;  ///< of the table itself, and never above the row's own key: no circles
};

struct ModelColumn {
  std::string name;
  const ValueType* type = nullptr;
};

/// A source table. Besides what is listed here each has: `flag boolean`, `n integer`, `label text`, `rev integer NOT NULL`.
struct ModelTable {
  std::string name;
  std::string entity;
  std::vector<ModelKeyColumn> key;
  bool has_code = false;         ///< has a unique column `code`, whose values go from row to row
  bool is_by_code = false;       ///< its ids are made of `code`, not of the primary key
  bool has_adopted_ids = false;  ///< some of its ids are in table `adopted_…` of the target
  bool has_merged_ids = false;   ///< some of those are of several keys
  std::vector<ModelColumn> columns;
  std::vector<ModelReference> references;
  std::vector<std::vector<std::string>> keys;  ///< pool of primary keys, each a list of SQL values
  std::string identity;                        ///< ALTER TABLE … REPLICA IDENTITY …, or nothing
  bool has_dropped_column = false;

  /// One of `keys`; a few of them come often, so that rows meet.
  [[nodiscard]] const std::vector<std::string>& draw_key(Random& random) const;
  [[nodiscard]] std::vector<ModelKeyColumn> entity_key() const {
    return is_by_code ? std::vector<ModelKeyColumn>{{"code", "integer"}} : key;
  }
};

/// A row's status for one reason, in the order in which reasons are tried.
struct ModelReason {
  std::string condition;  ///< SQL over the source row `s` and its joins
  std::string status;
};

/// A column of a target table: what the mapping says of it, and, independently, the SQL that the oracle computes it by.
struct ModelTargetColumn {
  std::string name;
  std::string type;
  std::string expression;
  std::optional<Policy> missing;
  std::string oracle = {};
  bool is_static = false;                     ///< what a static join found when the row was derived last
  std::optional<std::size_t> refers_to = {};  ///< the table whose ids it holds
  std::string constraint = {};                ///< of the target's column, behind its type
};

struct ModelRoute {
  std::string name;
  std::size_t from = 0;
  std::string entity;  ///< empty: the route has no id
  bool is_first_of_entity = true;
  std::vector<std::string> conflict;
  std::string joins;         ///< YAML, one line per join
  std::string oracle_joins;  ///< the same as SQL
  std::string where;
  std::string oracle_where;
  OnDelete on_delete = OnDelete::Delete;  ///< Mark: column `gone` says so
  std::vector<ModelReason> reasons;
  std::optional<ModelReference> parked_below;  ///< a reference to the table itself that parks: needs recursion
  bool has_claim = false;                      ///< `claim`, of the source's `rev`: unique on the target alone
  std::vector<std::string> refusals;  ///< SQL over the source row: the target refuses it, be the rest as it may
  std::vector<ModelTargetColumn> columns;
};

/// Source tables and the mapping that moves them, drawn at random.
struct Model {
  std::vector<ModelTable> tables;
  std::vector<ModelRoute> routes;
  bool has_replica_mode = true;  ///< the role may switch off triggers, foreign keys among them
  /// The target has constraints that the source has not, and unique values that rows must not meet in on the way.
  bool is_refusing = false;
  /// Which foreign keys wait for COMMIT on such a target: those to later tables, or those to earlier ones and to the table itself.
  bool defers_upward = true;
  bool has_large_transactions = false;  ///< more than the memory holds that source and program are given

  [[nodiscard]] static Model draw(Random& random);
  /// Whether rows may be quarantined, if only for a moment: those stay there until somebody lets them try again.
  [[nodiscard]] bool has_quarantine() const;
  [[nodiscard]] bool has_claims() const;
  [[nodiscard]] bool has_static_joins() const;
};

inline constexpr const char* kNamespace = "6ba7b811-9dad-11d1-80b4-00c04fd430c8";

/// `"a ""name"""`.
[[nodiscard]] std::string sql_name(const std::string& name);
/// `legacy."name"`.
[[nodiscard]] std::string source_name(const ModelTable& table);

[[nodiscard]] std::string source_schema_sql(const Model& model);
[[nodiscard]] std::string target_schema_sql(const Model& model);
[[nodiscard]] std::string mapping_yaml(const Model& model);

/// UUID of the row of `table` whose entity key is in `alias`.`columns`, computed by the server.
[[nodiscard]] std::string uuid_sql(const ModelTable& table, const std::string& entity, const std::string& alias,
                                   const std::vector<std::string>& columns);
/// SQL that is true when the row of `table` whose entity key is in `alias`.`columns` is in the target; never NULL.
[[nodiscard]] std::string is_present(const ModelTable& table, const std::string& alias,
                                     const std::vector<std::string>& columns);

}  // namespace tests
