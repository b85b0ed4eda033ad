#include "snapshot/chunk_reader.hpp"

#include "core/error.hpp"
#include "pg/copy_text.hpp"
#include "pg/quoting.hpp"
#include "snapshot/chunk_planner.hpp"

namespace snapshot {

namespace {

// pg_class is read through the snapshot, pg_relation_filenode through the newest catalog. A partitioned root has no file of its own.
constexpr const char* kIsUnchanged = R"sql(
with recursive tree as (
  select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2
  union all
  select i.inhrelid from pg_catalog.pg_inherits i join tree on i.inhparent = tree.oid
)
select count(*) > 0 and coalesce(pg_catalog.bool_and(
  c.relfilenode = 0 or pg_catalog.pg_relation_filenode(c.oid) is not distinct from c.relfilenode), false)
from tree join pg_catalog.pg_class c on c.oid = tree.oid)sql";

}  // namespace

ChunkReader::ChunkReader(pg::Session& session, const TableShape& shape, const state::Chunk& chunk)
    : session_(session), shape_(shape) {
  // Named columns of the partition root: dropped, generated and reordered columns differ from SELECT *.
  std::string columns;
  for (const std::string& column : shape.columns)
    columns += (columns.empty() ? "" : ", ") + pg::quote_identifier(column);
  session_.exec("SAVEPOINT chunk");
  session_.copy_out_begin("COPY (SELECT " + columns + " FROM " + pg::quote_name(shape.name) +
                          range_condition(shape, chunk) + ") TO STDOUT");
}

ChunkReader::Rows ChunkReader::next(std::size_t rows, std::size_t bytes) {
  Rows piece;
  if (is_at_end_) return piece;
  std::vector<core::Value> key(shape_.key_types.size());
  std::size_t held = 0;
  while (piece.size() < rows && held < bytes) {
    const auto line = session_.copy_out_row();
    if (!line) {
      is_at_end_ = true;
      break;
    }
    core::Row row = pg::decode_copy_line(*line, shape_.columns.size());
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = row[i];
    held += row.bytes().size();
    core::RowKey row_key = core::encode_key(shape_.key_types, key);
    piece.emplace_back(std::move(row_key), std::move(row));
  }
  return piece;
}

void ChunkReader::close() {
  const bool is_unchanged = session_.exec(kIsUnchanged, {shape_.name.schema, shape_.name.name}).is_true(0, 0);
  if (!is_unchanged) {
    throw core::Error{
        core::ErrorKind::Source,
        "a table was rewritten, truncated or dropped after the snapshot was taken, which cannot see it any more"}
        .with("table", shape_.name.display())
        .remedy("nothing needs to be done: the tables that are left are copied under a new snapshot")
        .transient();
  }
  // Not RELEASE alone: only going back gives up the locks.
  session_.exec("ROLLBACK TO SAVEPOINT chunk; RELEASE SAVEPOINT chunk");
}

}  // namespace snapshot
