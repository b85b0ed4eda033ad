#include "snapshot/row_finder.hpp"

#include <algorithm>

#include "pg/copy_text.hpp"
#include "pg/quoting.hpp"

namespace snapshot {

namespace {

// Values per statement: the server plans a list of so many in a millisecond.
constexpr std::size_t kPiece = 1'000;

/// `(1, 'a')`. A number stands as one: it may be too large for the column, which is no error then.
std::string tuple(std::span<const core::KeyType> types, const core::RowKey& values) {
  std::string text;
  const std::vector<std::string> texts = core::key_values(values);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    text += text.empty() ? "(" : ", ";
    text += types[i] == core::KeyType::Integer ? texts[i] : pg::quote_literal(texts[i]);
  }
  return text + ")";
}

}  // namespace

std::vector<std::pair<core::RowKey, core::Row>> find_rows(pg::Session& session, const TableShape& shape,
                                                          std::span<const std::uint16_t> columns,
                                                          std::span<const core::KeyType> types,
                                                          std::span<const core::RowKey> values) {
  std::string read;
  for (const std::string& column : shape.columns) read += (read.empty() ? "" : ", ") + pg::quote_identifier(column);
  std::string matched;
  for (const std::uint16_t column : columns)
    matched += (matched.empty() ? "" : ", ") + pg::quote_identifier(shape.columns[column]);
  std::vector<std::pair<core::RowKey, core::Row>> rows;
  for (std::size_t begin = 0; begin < values.size(); begin += kPiece) {
    std::string wanted;
    for (const core::RowKey& key : values.subspan(begin, std::min(kPiece, values.size() - begin)))
      wanted += (wanted.empty() ? "" : ", ") + tuple(types, key);
    session.copy_out_begin("COPY (SELECT " + read + " FROM " + pg::quote_name(shape.name) + " WHERE (" + matched +
                           ") IN (" + wanted + ")) TO STDOUT");
    while (const auto line = session.copy_out_row()) {
      core::Row row = pg::decode_copy_line(*line, shape.columns.size());
      std::vector<core::Value> key;
      for (std::size_t i = 0; i < shape.key_types.size(); ++i) key.push_back(row[i]);
      core::RowKey row_key = core::encode_key(shape.key_types, key);
      rows.emplace_back(std::move(row_key), std::move(row));
    }
  }
  return rows;
}

}  // namespace snapshot
