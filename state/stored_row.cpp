#include "state/stored_row.hpp"

#include "state/rocks_status.hpp"

namespace state {

namespace {

constexpr unsigned kSevenBits = 0x7FU;
constexpr unsigned kMoreBit = 0x80U;

void append_varint(std::string& bytes, std::uint32_t value) {
  while (value > kSevenBits) {
    bytes.push_back(static_cast<char>((value & kSevenBits) | kMoreBit));
    value >>= 7U;
  }
  bytes.push_back(static_cast<char>(value));
}

std::uint32_t take_varint(std::string_view& bytes) {
  std::uint32_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    if (bytes.empty()) break;
    const auto byte = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= (byte & kSevenBits) << shift;
    if ((byte & kMoreBit) == 0) return value;
  }
  throw damaged("a stored row is not well-formed");
}

}  // namespace

void append_stored_row_head(std::string& bytes, const StoredRow& row) {
  const std::size_t slots = row.statuses.size();
  if (slots > 0xFF || row.target_keys.size() != slots) {
    throw core::Error{core::ErrorKind::Bug, "a stored row has a wrong number of slots"};
  }
  bytes.push_back(static_cast<char>(slots));
  for (const core::RowStatus status : row.statuses) bytes.push_back(static_cast<char>(status));
  for (const std::string& key : row.target_keys) {
    append_varint(bytes, static_cast<std::uint32_t>(key.size()));
    bytes += key;
  }
}

std::string encode_stored_row(const StoredRow& row) {
  std::string bytes;
  bytes.reserve(1 + 2 * row.statuses.size() + row.image.bytes().size());
  append_stored_row_head(bytes, row);
  bytes += row.image.bytes();
  return bytes;
}

StoredRow decode_stored_row(std::string_view bytes) {
  const auto malformed = [] { return damaged("a stored row is not well-formed"); };
  if (bytes.empty()) throw malformed();
  const std::size_t slots = static_cast<std::uint8_t>(bytes.front());
  bytes.remove_prefix(1);
  if (bytes.size() < slots) throw malformed();
  StoredRow row;
  row.statuses.reserve(slots);
  row.target_keys.reserve(slots);
  for (std::size_t slot = 0; slot < slots; ++slot) {
    const auto status = static_cast<std::uint8_t>(bytes[slot]);
    if (status > static_cast<std::uint8_t>(core::RowStatus::Quarantined)) throw malformed();
    row.statuses.push_back(static_cast<core::RowStatus>(status));
  }
  bytes.remove_prefix(slots);
  for (std::size_t slot = 0; slot < slots; ++slot) {
    const std::uint32_t size = take_varint(bytes);
    if (bytes.size() < size) throw malformed();
    row.target_keys.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  row.image = core::Row::from_bytes(std::string{bytes});
  return row;
}

}  // namespace state
