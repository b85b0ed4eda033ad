#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ids.hpp"
#include "core/relation.hpp"
#include "core/row_key.hpp"
#include "core/type_change.hpp"
#include "core/uuid.hpp"

/// The compiled mapping: what mapping.yaml means for these two databases, as values that index each other. Everything that a row needs on its
/// way (which columns are kept, which joins and refs it has, which SQL writes it) is decided here, once.
namespace mapping {

/// Where in mapping.yaml something stands; both from 1.
struct SourcePosition {
  int line = 0;
  int column = 0;
};

/// What becomes of a row whose ref names a parent that is not in the target.
enum class Missing : std::uint8_t { Park, Filter, Null, Quarantine };

/// A column of a source table that is kept in the local image of its rows.
struct ImageColumn {
  std::string name;
  /// The type to cast the text form to on the target, without modifier (so that nothing is cut): `pg_catalog."int4"`.
  std::string sql_type;
  core::KeyType key_type = core::KeyType::Text;
  bool is_toastable = false;
  core::ColumnType type;       ///< on the source, when the mapping was compiled
  std::uint16_t position = 0;  ///< among the live columns of the source table, in their order
};

/// A source table that some route reads or joins.
struct SourceTable {
  core::TableId id;
  core::QualifiedName name;
  core::Oid oid;  ///< of the table that bore the name when the mapping was compiled
  std::vector<ImageColumn>
      columns;               ///< the primary key's first, in its order, then every other column that the mapping names
  std::size_t key_size = 0;  ///< number of leading columns that are the primary key
  std::vector<core::RouteId> routes;   ///< that read it; a stored row keeps one status per entry, in this order
  std::vector<core::IndexId> indexes;  ///< over its images
  bool is_joined = false;              ///< some route joins it: its rows are loaded before any route is derived
  /// Tables whose routes must be complete before this table's snapshot chunks begin. Itself: its chunks go one at a time. Two tables that are in
  /// each other's `after` belong to a cycle of references: their chunks, too, go one at a time, in the order of TableId.
  std::vector<core::TableId> after;

  [[nodiscard]] std::vector<core::KeyType> key_types() const {
    std::vector<core::KeyType> types;
    for (std::size_t i = 0; i < key_size; ++i) types.push_back(columns[i].key_type);
    return types;
  }
};

/// A secondary index over the images of a table: finds rows by the values of some columns. Rows with a NULL in one of them are not in it.
struct Index {
  core::IndexId id;
  core::TableId table;
  std::vector<std::uint16_t> columns;  ///< positions in SourceTable::columns
};

/// A column as a route sees it: of the row itself, or of one of its joins.
struct Operand {
  static constexpr std::int16_t kRow = -1;
  std::int16_t join = kRow;  ///< position in Route::joins, or kRow
  std::uint16_t column = 0;  ///< position in the columns of that table
  friend auto operator<=>(const Operand&, const Operand&) = default;
};

/// A way from values to the rows of a table that hold them: through the primary key, or through an index.
struct Access {
  core::TableId table;
  std::optional<core::IndexId> index;  ///< none: the columns are the primary key
  std::vector<std::uint16_t> columns;  ///< the columns that are matched, in the order of the values
};

/// Columns of another source table seen from a row.
struct Join {
  std::string alias;
  core::TableId table;
  Access find;                        ///< forward: from the values of `on` to the joined rows
  std::vector<Operand> on;            ///< values to look for, in the order of find.columns; all of one table (`from`)
  std::int16_t from = Operand::kRow;  ///< the row itself, or an earlier join
  Access seen_by;          ///< backward: from find.columns' values in a joined row to the rows of `from` that see it
  bool is_many = false;    ///< every column an array in primary-key order
  bool is_static = false;  ///< later changes of the joined table derive nothing again
  std::vector<std::uint16_t>
      used;  ///< joined columns that expressions, refs and later joins read, and those of `on`: a change of others derives nothing
};

/// `ref('entity', column, …)`.
struct Ref {
  core::EntityId entity;
  std::vector<Operand> key;  ///< all of one table (`from`)
  std::int16_t from = Operand::kRow;
  Access seen_by;  ///< backward: from the entity's key to the rows of `from` that refer to it
  SourcePosition at;
};

/// A column of the target and the SQL that makes it.
struct TargetColumn {
  std::string name;
  std::string sql;                  ///< the expression with each ref(…) replaced by its input column
  std::vector<std::uint16_t> refs;  ///< positions in Route::refs
  bool is_plain_ref = false;        ///< the expression is nothing but one ref
  /// What applies when a ref of it missed its parent: of a plain ref always; of a larger expression only if it states `missing`
  /// (and then only when the expression is NULL). No value: a missing ref is just NULL.
  std::optional<Missing> missing;
  SourcePosition at;
  std::vector<Operand> reads;  ///< columns that `sql` reads, each once
  std::string sql_type;        ///< of the target column, to cast to without cutting anything: `pg_catalog."varchar"`
  std::string declared_type;   ///< of the target column, with modifier: `character varying(100)`
  bool is_identity_always = false;  ///< may be inserted (OVERRIDING SYSTEM VALUE), never updated
};

enum class OnDelete : std::uint8_t { Delete, Keep, Set };
/// What a TRUNCATE of the source table does to this route's rows: the same as deleting each, nothing, or stop the agent.
enum class OnTruncate : std::uint8_t { Delete, Keep, Stop };

/// One statement that takes rows. A row is sent as: [u: the id] [i…: inputs] [r…: ref UUIDs] [m…: missed flags], as the statement says.
/// `by_arrays` takes one text[] parameter per sent column and, first, none for anything else; `from_stage` reads the session's staging table.
struct RowStatement {
  bool has_id = false;               ///< the row's own UUID is sent first
  std::vector<Operand> inputs;       ///< then these; a many-join's column as an array literal
  std::vector<std::uint16_t> refs;   ///< then the UUIDs of these refs, NULL where the key is NULL or the parent missing
  std::vector<std::uint16_t> flags;  ///< then, per ref listed here, 't' when it missed its parent
  std::string by_arrays;             ///< $1 … $n: text[] each, all of one length
  std::string from_stage;            ///< reads `stage`
  std::string stage;                 ///< quoted name of a session-temporary table
  std::string create_stage;          ///< CREATE TEMPORARY TABLE for it
  std::string copy_stage;            ///< COPY … FROM STDIN for it
  [[nodiscard]] std::size_t width() const { return (has_id ? 1U : 0U) + inputs.size() + refs.size() + flags.size(); }
};

/// Asks the target about rows without writing them: one result row per sent row, (ordinal bigint from 1, verdict int).
/// verdict kPass: derive it; kFiltered: `where` is not true; n >= 0: Route::columns[n] is NULL and one of its refs missed its parent.
/// Only by arrays: just the columns that `where` and such expressions read are sent.
struct Judge {
  static constexpr int kPass = -1;
  static constexpr int kFiltered = -2;
  RowStatement rows;
  bool is_cacheable =
      false;  ///< the verdict is a function of the inputs alone (no refs), so equal inputs need not be asked twice
};

struct Route {
  core::RouteId id;
  std::string name;
  core::TableId from;
  core::QualifiedName to;
  SourcePosition at;
  std::optional<core::EntityId> entity;
  /// Image columns that make the entity's key, and the type of each; by default the primary key.
  std::vector<std::uint16_t> key;
  bool key_is_primary = true;
  std::optional<std::string> id_column;  ///< target column that takes the UUID; none for routes without an id
  std::vector<std::string> conflict;     ///< target columns that are the key of a route without an id
  std::vector<Join> joins;               ///< in the order of evaluation
  std::vector<Ref> refs;  ///< those of expressions; last, for a route that is not the first of its entity, its own id
  std::optional<std::uint16_t> own_ref;  ///< that last one: the row waits until the first route has it
  bool has_where = false;
  std::string where;  ///< the SQL text, as written; empty without has_where
  SourcePosition where_at;
  std::vector<Operand> where_reads;  ///< columns that it reads, each once
  std::vector<TargetColumn> columns;
  OnDelete on_delete = OnDelete::Delete;
  std::vector<TargetColumn> set_on_delete;  ///< the columns of OnDelete::Set; their SQL reads nothing
  OnTruncate on_truncate = OnTruncate::Delete;
  bool owns_all = false;
  std::uint16_t rank = 0;  ///< write order: parents before children; equal ranks do not depend on each other
  std::optional<std::string> legacy_key_column;  ///< target column that is mapped as just the (single-column) key
  std::optional<Judge> judge;                    ///< absent: every row passes and no larger expression states `missing`
  RowStatement write;                            ///< INSERT … SELECT … ON CONFLICT … DO UPDATE … WHERE differs
  /// Asks the target for the rows that these are meant to be, one result row per sent row: ordinal (bigint from 1); where the target's row
  /// stands (table and ctid), NULL when there is none; positions in Route::columns that read otherwise there, comma-separated, NULL when
  /// none does; MD5 of the row as it is meant; MD5 of the target's, NULL where that is the same. Only by arrays.
  RowStatement compare;
  /// The first two columns of that. Takes no more than finding the rows does.
  RowStatement find;
  /// Removes rows (on_delete: delete, or the UPDATE of `set`). $1 … $n: text[] of the id, or of each conflict column. Empty for `keep`.
  std::string remove;
  /// Takes rows out whatever `on_delete` says: DELETE … RETURNING all of their columns. Parameters as above.
  std::string take_out;
  /// Routes without an id whose conflict columns are not all plain refs or columns: SELECT ordinal, conflict columns as text. Otherwise
  /// `conflict_from` says where each comes from.
  std::optional<RowStatement> conflict_query;
  /// With it: the same texts for keys that are known already, which may have been told in another way. $1 … $n: text[] of each conflict column.
  std::string respell;
  struct ConflictSource {
    bool is_ref = false;
    std::uint16_t ref = 0;
    Operand column;
  };
  std::vector<ConflictSource> conflict_from;
};

/// An id space.
struct Entity {
  core::EntityId id;
  std::string name;
  std::string adopt;  ///< SQL on the target giving (key, uuid); empty when nothing is adopted
  SourcePosition at;
  std::vector<core::RouteId> routes;  ///< in the order of mapping.yaml; the first decides whether a key is present
  core::TableId table;                ///< that the first route reads
  std::vector<core::KeyType> key_types;
  /// Who refers to it: (route, position in Route::refs). What is derived again when a key appears or goes.
  std::vector<std::pair<core::RouteId, std::uint16_t>> referred_by;
};

/// Who joins a table: (route, position in Route::joins). What is derived again when one of its rows changes.
struct JoinedBy {
  core::RouteId route;
  std::uint16_t join = 0;
};

struct Reconcile {
  std::string name;
  std::string source;
  std::string target;
  SourcePosition at;
};

struct Settle {
  std::vector<std::string> keep_disabled;  ///< triggers of target tables that the switch leaves off: `orders.notify`
};

struct Cleanup {
  std::map<std::string, std::vector<std::string>> drop_columns;  ///< target table → columns
  std::vector<std::string> also_drop;
};

struct Plan {
  std::string file;
  core::Uuid name_space;
  std::vector<SourceTable> tables;               ///< by TableId
  std::vector<Index> indexes;                    ///< by IndexId
  std::vector<Entity> entities;                  ///< by EntityId
  std::vector<Route> routes;                     ///< by RouteId, in the order of mapping.yaml
  std::vector<std::vector<JoinedBy>> joined_by;  ///< by TableId
  std::vector<Reconcile> reconcile;
  Settle settle;
  Cleanup cleanup;
  /// Changes whenever stored images, statuses or indexes would mean something else: then local state is rebuilt by a differential snapshot.
  std::string layout_fingerprint;
  /// Changes whenever the mapping means something else.
  std::string meaning_fingerprint;

  [[nodiscard]] const SourceTable& table(core::TableId id) const { return tables[id.index()]; }
  [[nodiscard]] const Route& route(core::RouteId id) const { return routes[id.index()]; }
  [[nodiscard]] const Entity& entity(core::EntityId id) const { return entities[id.index()]; }
  [[nodiscard]] const Index& index(core::IndexId id) const { return indexes[id.index()]; }
  /// Where a stored row of the route's table keeps what became of it on this route: its statuses and target keys go by this index.
  [[nodiscard]] std::uint16_t status_place(const Route& route) const;
  /// The table of that name; nothing when the plan does not read it.
  [[nodiscard]] const SourceTable* find_table(const core::QualifiedName& name) const;
  [[nodiscard]] const SourceTable* find_table(core::Oid oid) const;
  [[nodiscard]] const Route* find_route(std::string_view name) const;
  [[nodiscard]] const Entity* find_entity(std::string_view name) const;
};

}  // namespace mapping
