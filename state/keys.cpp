#include "state/keys.hpp"

#include <array>
#include <vector>

#include "core/error.hpp"
#include "state/record.hpp"

namespace state {

namespace {

constexpr std::size_t kIdBytes = 2;
constexpr char kIds = 'I';
constexpr char kMembers = 'M';
constexpr char kHeldMessages = '\x00';
constexpr char kHeldRuns = '\x01';

// Tags of core::RowKey's encoding.
constexpr char kNullTag = '\x00';
constexpr char kIntegerTag = '\x01';
constexpr char kTextTag = '\x02';
constexpr std::size_t kIntegerKeyBytes = 9;

void append_escaped(std::string& bytes, std::string_view text) {
  for (const char c : text) {
    bytes.push_back(c);
    if (c == '\0') bytes.push_back('\xFF');
  }
  bytes.append(2, '\0');
}

std::string adopted_prefix(std::string_view entity, std::uint32_t generation, char kind) {
  std::string bytes = adopted_entity_prefix(entity);
  append_u32(bytes, generation);
  bytes.push_back(kind);
  return bytes;
}

std::string id_prefix(std::uint16_t id, std::size_t expected_bytes) {
  std::string bytes;
  bytes.reserve(kIdBytes + expected_bytes);
  append_u16(bytes, id);
  return bytes;
}

std::string held(char kind, std::uint32_t xid) {
  std::string bytes(1, kind);
  append_u32(bytes, xid);
  return bytes;
}

}  // namespace

std::string fingerprint_key() { return std::string(1, '\0'); }
std::string progress_key() { return "P"; }
std::string counter_prefix() { return "C"; }

std::string counter_key(core::RouteId route) {
  std::string bytes = counter_prefix();
  append_u16(bytes, route.value);
  return bytes;
}

std::string reached_prefix() { return "J"; }

std::string reached_key(std::uint64_t number) {
  std::string bytes = reached_prefix();
  append_u64(bytes, number);
  return bytes;
}

std::string chunk_prefix() { return "K"; }

std::string chunk_key(core::TableId table, std::uint32_t number) {
  std::string bytes = chunk_prefix();
  append_u16(bytes, table.value);
  append_u32(bytes, number);
  return bytes;
}

std::string schema_prefix() { return "S"; }

std::string schema_key(std::string_view name) { return schema_prefix().append(name); }

std::string adoption_key(std::string_view entity) { return "A" + std::string{entity}; }

std::string table_prefix(core::TableId table) { return id_prefix(table.value, 0); }

std::string row_store_key(core::TableId table, const core::RowKey& key) {
  return id_prefix(table.value, key.bytes.size()) + key.bytes;
}

core::RowKey row_key_of(std::string_view row_store_key) { return {std::string{row_store_key.substr(kIdBytes)}}; }

std::string index_prefix(core::IndexId index, const core::RowKey& values) {
  return id_prefix(index.value, values.bytes.size()) + values.bytes;
}

std::string index_entry(core::IndexId index, const core::RowKey& values, const core::RowKey& key) {
  std::string bytes = id_prefix(index.value, values.bytes.size() + key.bytes.size());
  bytes += values.bytes;
  bytes += key.bytes;
  return bytes;
}

std::optional<std::size_t> first_column_prefix_size(std::string_view index_entry) {
  if (index_entry.size() <= kIdBytes) return std::nullopt;
  switch (index_entry[kIdBytes]) {
    case kNullTag: return kIdBytes + 1;
    case kIntegerTag:
      if (index_entry.size() < kIdBytes + kIntegerKeyBytes) return std::nullopt;
      return kIdBytes + kIntegerKeyBytes;
    case kTextTag:
      for (std::size_t at = kIdBytes + 1; at + 1 < index_entry.size(); ++at) {
        if (index_entry[at] != '\0') continue;
        if (index_entry[at + 1] == '\0') return at + 2;
        ++at;
      }
      return std::nullopt;
    default: return std::nullopt;
  }
}

std::string pair_prefix(core::RouteId route, std::string_view target_key) {
  std::string bytes = id_prefix(route.value, target_key.size() + 2);
  append_escaped(bytes, target_key);
  return bytes;
}

std::string pair_entry(core::RouteId route, std::string_view target_key, const core::RowKey& key) {
  return pair_prefix(route, target_key) + key.bytes;
}

std::string adopted_entity_prefix(std::string_view entity) {
  std::string bytes;
  append_escaped(bytes, entity);
  return bytes;
}

std::string adopted_ids_prefix(std::string_view entity, std::uint32_t generation) {
  return adopted_prefix(entity, generation, kIds);
}

std::string adopted_members_prefix(std::string_view entity, std::uint32_t generation) {
  return adopted_prefix(entity, generation, kMembers);
}

std::string held_prefix(std::uint32_t xid) { return held(kHeldMessages, xid); }

std::string held_key(std::uint32_t xid, std::uint64_t sequence) {
  std::string bytes = held_prefix(xid);
  append_u64(bytes, sequence);
  return bytes;
}

std::string held_runs_prefix(std::uint32_t xid) { return held(kHeldRuns, xid); }

std::string held_runs_prefix(std::uint32_t xid, std::uint32_t subxid) {
  std::string bytes = held_runs_prefix(xid);
  append_u32(bytes, subxid);
  return bytes;
}

std::string held_run_key(std::uint32_t xid, std::uint32_t subxid, std::uint64_t sequence) {
  std::string bytes = held_runs_prefix(xid, subxid);
  append_u64(bytes, sequence);
  return bytes;
}

std::string undo_prefix(std::uint64_t generation) {
  std::string bytes;
  append_u64(bytes, generation);
  return bytes;
}

std::string_view undo_row_key_of(std::string_view undo_key) { return undo_key.substr(sizeof(std::uint64_t)); }

std::string prefix_end(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xFF') prefix.pop_back();
  if (prefix.empty()) return past_everything();
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1U);
  return prefix;
}

std::string past_everything() {
  // No key begins with three such bytes: the numbers take two, and what follows them begins with a small tag.
  return "\xFF\xFF\xFF";
}

core::RowKey index_values(const IndexLayout& index, const core::Row& image) {
  // Indexes of more columns than this exist in principle; they pay for a vector.
  constexpr std::size_t kUsualColumns = 8;
  std::array<core::Value, kUsualColumns> few;
  std::vector<core::Value> many;
  std::span<core::Value> values{few.data(), std::min(index.columns.size(), kUsualColumns)};
  if (index.columns.size() > kUsualColumns) {
    many.resize(index.columns.size());
    values = many;
  }
  for (std::size_t i = 0; i < index.columns.size(); ++i) {
    if (index.columns[i] >= image.size()) {
      throw core::Error{core::ErrorKind::Bug, "an image has fewer columns than its table's index needs"};
    }
    values[i] = image[index.columns[i]];
    if (values[i].is_null()) return {};
  }
  return core::encode_key(index.key_types, values);
}

bool is_single_integer(const core::RowKey& key) {
  return key.bytes.size() == kIntegerKeyBytes && key.bytes.front() == kIntegerTag;
}

std::uint64_t biased_integer(const core::RowKey& key) {
  return RecordCursor{std::string_view{key.bytes}.substr(1)}.u64();
}

}  // namespace state
