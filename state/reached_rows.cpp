#include "state/reached_rows.hpp"

#include "state/record.hpp"

namespace state {

std::string encode_reached(std::span<const RowName> rows) {
  std::string bytes;
  append_u32(bytes, static_cast<std::uint32_t>(rows.size()));
  for (const RowName& row : rows) {
    append_u16(bytes, row.table.value);
    append_text(bytes, row.key.bytes);
  }
  return bytes;
}

std::vector<RowName> decode_reached(std::string_view bytes) {
  RecordCursor cursor{bytes};
  std::vector<RowName> rows;
  const std::uint32_t count = cursor.u32();
  for (std::uint32_t i = 0; i < count; ++i) {
    RowName row;
    row.table = core::TableId{cursor.u16()};
    row.key = core::RowKey{cursor.text()};
    rows.push_back(std::move(row));
  }
  cursor.expect_end();
  return rows;
}

}  // namespace state
