#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/relation.hpp"
#include "core/type_change.hpp"
#include "mapping/plan.hpp"
#include "pg/session.hpp"

namespace agent {

/// What the catalog says of a source table, as far as a change of it can change rows without a word in the stream: columns that were
/// dropped, renamed, retyped or rewritten, another table under the name, partitions that came or went with their rows. Kept in the local state from the moment the rows are copied, and compared ever after.
struct TableRecord {
  struct Column {
    std::string name;
    std::int64_t number = 0;  ///< pg_attribute.attnum: stays when the column is renamed, and is never used again
    core::ColumnType type;
    std::string type_name;
    std::string version;  ///< xmin of its catalog row: moves with every ALTER of the column
    /// Rows of before it was added have its default from the catalog; the first rewrite of the table, by whatever command, ends that.
    bool has_missing_value = false;
    friend bool operator==(const Column&, const Column&) = default;
  };
  struct Leaf {
    core::Oid oid;
    core::QualifiedName name;
    std::string storage;  ///< relfilenode
    bool is_born_attached = false;
    /// xmin of its pg_inherits row and of those above it: others when it, or what it hangs on, was attached again. Empty: an earlier agent did not note it.
    std::string attachments;
    std::string
        version;  ///< xmin of its pg_class row: after a TRUNCATE the transaction that did it. Empty: an earlier agent did not note it
    friend bool operator==(const Leaf&, const Leaf&) = default;
  };
  /// Why not all changes of its rows come in the stream under its name.
  struct Obstacle {
    std::string what;  ///< for people; empty: they do
    std::string remedy;
    friend bool operator==(const Obstacle&, const Obstacle&) = default;
  };
  core::Oid oid;
  core::QualifiedName name;
  Obstacle obstacle;    ///< now, or, in a record of the local state, seen since its rows were copied
  std::string storage;  ///< relfilenode: another one after TRUNCATE, VACUUM FULL, CLUSTER, and an ALTER that rewrites
  std::vector<Column> columns;  ///< those that the mapping reads
  std::vector<Leaf> leaves;     ///< partitions that hold rows, by oid
  friend bool operator==(const TableRecord&, const TableRecord&) = default;
};

/// Records by TableId: of the table that has the name now, or, where none has, of the one that the plan was compiled for. None of a table that is gone.
using TableRecords = std::map<core::TableId, TableRecord>;
[[nodiscard]] TableRecords read_records(pg::Session& source, const mapping::Plan& plan);
/// The same of one table alone: what it costs does not grow with the mapping.
[[nodiscard]] std::optional<TableRecord> read_record(pg::Session& source, const mapping::SourceTable& table);

/// Of the tables with these oids, those that have one.
[[nodiscard]] std::map<core::Oid, TableRecord::Obstacle> read_obstacles(pg::Session& source,
                                                                        const std::vector<core::Oid>& tables);

/// Error(Refused): not all changes of `table` come in the stream. `then`: what follows on the obstacle's own remedy.
[[nodiscard]] core::Error refused_for(const TableRecord::Obstacle& obstacle, const std::string& table,
                                      const std::string& then = {});

/// Text for the local state, and back. `parse_record` throws Error(State) when the text is no record.
[[nodiscard]] std::string format_record(const TableRecord& record);
[[nodiscard]] TableRecord parse_record(const std::string& text);

struct SilentChange {
  std::string what;  ///< for people
  /// All partitions have other files: if the table itself was truncated, the stream says so (is_told()). Else rows have gone, or may be others.
  bool may_be_told = false;
};

/// What may have changed rows of the table without a row event between the two. Nothing: no row can have changed so. `source` is asked
/// whether a partition that came was empty.
[[nodiscard]] std::optional<SilentChange> silent_change(const TableRecord& before, const TableRecord& now,
                                                        pg::Session& source);

/// Whether all files that are others were made by this transaction, in which the stream told a TRUNCATE of the table. Precondition: the change may be told.
[[nodiscard]] bool is_told(const TableRecord& before, const TableRecord& now, const std::string& truncated_by);

}  // namespace agent
