#include "snapshot/chunk_planner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "pg/quoting.hpp"

namespace snapshot {

namespace {

/// The key columns as they sort: `"id"`, or `"code" COLLATE "C"`.
std::string key_columns(const TableShape& shape) {
  std::string columns;
  for (std::size_t i = 0; i < shape.key_types.size(); ++i) {
    if (i > 0) columns += ", ";
    columns += pg::quote_identifier(shape.columns[i]);
    if (shape.key_is_text[i]) columns += " COLLATE \"C\"";
  }
  return columns;
}

std::string key_literals(const core::RowKey& key) {
  std::string literals;
  for (const std::string& value : core::key_values(key)) {
    if (!literals.empty()) literals += ", ";
    literals += pg::quote_literal(value);
  }
  return literals;
}

/// Whether the server orders the key as its bytes are ordered here. COLLATE "C" goes by the bytes that the server stores, which sort like
/// those of UTF-8 in few encodings only.
bool sorts_alike(pg::Session& session, const TableShape& shape) {
  if (!shape.key_sorts_as_bytes) return false;
  if (std::none_of(shape.key_is_text.begin(), shape.key_is_text.end(), std::identity{})) return true;
  const std::string encoding = session.exec("SELECT pg_catalog.current_setting('server_encoding')").text(0, 0);
  return encoding == "UTF8" || encoding == "SQL_ASCII" || encoding == "LATIN1";
}

}  // namespace

std::string range_condition(const TableShape& shape, const state::Chunk& chunk) {
  std::string condition;
  const auto add = [&](std::string_view comparison, const core::RowKey& key) {
    if (key.empty()) return;
    condition += fmt::format("{} ({}) {} ({})", condition.empty() ? " WHERE" : " AND", key_columns(shape), comparison,
                             key_literals(key));
  };
  add(">=", chunk.begin);
  add("<", chunk.end);
  return condition;
}

std::vector<state::Chunk> plan_chunks(pg::Session& session, const TableShape& shape, std::int64_t chunk_rows) {
  const std::string table = pg::quote_name(shape.name);
  const std::int64_t rows = session.exec("SELECT pg_catalog.count(*) FROM " + table).integer(0, 0);
  std::vector<core::RowKey> bounds;
  if (rows > chunk_rows && sorts_alike(session, shape)) {
    std::string names;
    for (std::size_t i = 0; i < shape.key_types.size(); ++i) names += pg::quote_identifier(shape.columns[i]) + ", ";
    const pg::Result result =
        session.exec(fmt::format("SELECT {0}n FROM (SELECT {0}pg_catalog.row_number() OVER (ORDER BY {1}) AS n FROM "
                                 "{2}) AS s WHERE n > 1 AND (n - 1) % {3} = 0 ORDER BY n",
                                 names, key_columns(shape), table, chunk_rows));
    for (std::size_t row = 0; row < result.rows(); ++row) {
      std::vector<core::Value> values;
      for (std::size_t i = 0; i < shape.key_types.size(); ++i) values.push_back(core::Value::of(*result.get(row, i)));
      bounds.push_back(core::encode_key(shape.key_types, values));
    }
  }
  std::vector<state::Chunk> chunks;
  for (std::size_t number = 0; number <= bounds.size(); ++number) {
    state::Chunk chunk;
    chunk.table = shape.table;
    chunk.number = static_cast<std::uint32_t>(number);
    if (number > 0) chunk.begin = bounds[number - 1];
    if (number < bounds.size()) chunk.end = bounds[number];
    chunk.estimated_rows =
        number < bounds.size() ? chunk_rows : rows - chunk_rows * static_cast<std::int64_t>(bounds.size());
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}

}  // namespace snapshot
