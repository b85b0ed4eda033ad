#include "snapshot/chunk_reader.hpp"

#include "pg/copy_text.hpp"
#include "pg/quoting.hpp"
#include "snapshot/chunk_planner.hpp"
#include "snapshot/seen_table.hpp"

namespace snapshot {

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
  require_seen(session_, shape_.name);
  // Not RELEASE alone: only going back gives up the locks.
  session_.exec("ROLLBACK TO SAVEPOINT chunk; RELEASE SAVEPOINT chunk");
}

}  // namespace snapshot
