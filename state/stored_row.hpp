#pragma once

#include <string>
#include <vector>

#include "core/row.hpp"
#include "core/row_status.hpp"

namespace state {

/// A source row as the store keeps it: what became of it on each of its table's routes, and its last image.
///
///   value := slots:u8  (status:u8) × slots  (length:varint32 bytes) × slots  row
///   the length-prefixed bytes are, per slot, the target key that a route without an id has written (mostly empty)
struct StoredRow {
  std::vector<core::RowStatus> statuses;
  std::vector<std::string> target_keys;
  core::Row image;
};

[[nodiscard]] std::string encode_stored_row(const StoredRow& row);
/// Appends everything but the image, which follows as it is.
void append_stored_row_head(std::string& bytes, const StoredRow& row);
/// Throws Error(State) when the bytes are no stored row.
[[nodiscard]] StoredRow decode_stored_row(std::string_view bytes);

}  // namespace state
