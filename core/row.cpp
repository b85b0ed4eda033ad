#include "core/row.hpp"

#include <cstring>

#include "core/error.hpp"

namespace core {

namespace {

constexpr std::uint32_t kNullBit = 1U << 31U;
constexpr std::uint32_t kUnchangedBit = 1U << 30U;
constexpr std::uint32_t kOffsetMask = kUnchangedBit - 1;
constexpr std::size_t kCountBytes = 2;
constexpr std::size_t kEndBytes = 4;

// The layout is little-endian; the hosts this is built for are too, so a copy is a load.
std::uint32_t load_u32(const char* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

void store_u32(char* at, std::uint32_t value) { std::memcpy(at, &value, sizeof value); }

std::size_t load_count(const std::string& bytes) {
  std::uint16_t count = 0;
  std::memcpy(&count, bytes.data(), sizeof count);
  return count;
}

std::uint32_t load_end(const std::string& bytes, std::size_t column) {
  return load_u32(bytes.data() + kCountBytes + column * kEndBytes);
}

}  // namespace

Row Row::from_bytes(std::string bytes) {
  Row row;
  row.bytes_ = std::move(bytes);
  const auto damaged = [] { return Error{ErrorKind::State, "a stored row is damaged"}; };
  if (row.bytes_.empty()) return row;
  if (row.bytes_.size() < kCountBytes) throw damaged();
  const std::size_t count = load_count(row.bytes_);
  const std::size_t header = kCountBytes + count * kEndBytes;
  if (row.bytes_.size() < header) throw damaged();
  std::uint32_t previous = 0;
  for (std::size_t column = 0; column < count; ++column) {
    const std::uint32_t end = load_end(row.bytes_, column) & kOffsetMask;
    if (end < previous) throw damaged();
    previous = end;
  }
  if (row.bytes_.size() != header + previous) throw damaged();
  return row;
}

std::size_t Row::size() const { return bytes_.empty() ? 0 : load_count(bytes_); }

Value Row::operator[](std::size_t column) const {
  const std::uint32_t end = load_end(bytes_, column);
  if ((end & kNullBit) != 0) return Value::null();
  if ((end & kUnchangedBit) != 0) return Value::unchanged();
  const std::uint32_t begin = column == 0 ? 0 : load_end(bytes_, column - 1) & kOffsetMask;
  const std::size_t header = kCountBytes + load_count(bytes_) * kEndBytes;
  return Value::of(std::string_view{bytes_}.substr(header + begin, end - begin));
}

bool Row::has_unchanged() const {
  for (std::size_t column = 0; column < size(); ++column) {
    if ((load_end(bytes_, column) & kUnchangedBit) != 0) return true;
  }
  return false;
}

RowBuilder::RowBuilder(std::size_t columns, std::size_t expected_text_bytes) : columns_(columns) {
  if (columns > 0xFFFF) throw Error{ErrorKind::Bug, "a row has more than 65535 columns"};
  row_.bytes_.reserve(kCountBytes + columns * kEndBytes + expected_text_bytes);
  row_.bytes_.resize(kCountBytes + columns * kEndBytes);
  const auto count = static_cast<std::uint16_t>(columns);
  std::memcpy(row_.bytes_.data(), &count, sizeof count);
}

void RowBuilder::add(Value value) {
  if (next_ == columns_) throw Error{ErrorKind::Bug, "a row got more values than it has columns"};
  std::string& bytes = row_.bytes_;
  if (value.is_text()) bytes.append(value.text);
  const std::size_t end = bytes.size() - kCountBytes - columns_ * kEndBytes;
  if (end > kOffsetMask) throw Error{ErrorKind::Data, "a row is larger than 1 GiB"};
  auto word = static_cast<std::uint32_t>(end);
  if (value.is_null()) word |= kNullBit;
  if (value.is_unchanged()) word |= kUnchangedBit;
  store_u32(bytes.data() + kCountBytes + next_ * kEndBytes, word);
  ++next_;
}

Row RowBuilder::finish() && {
  if (next_ != columns_) throw Error{ErrorKind::Bug, "a row got fewer values than it has columns"};
  return std::move(row_);
}

Row make_row(std::span<const Value> values) {
  RowBuilder builder{values.size()};
  for (const Value& value : values) builder.add(value);
  return std::move(builder).finish();
}

Row fill_unchanged(const Row& row, const Row& old) {
  RowBuilder builder{row.size(), row.bytes().size()};
  for (std::size_t column = 0; column < row.size(); ++column) {
    const Value value = row[column];
    builder.add(value.is_unchanged() && column < old.size() ? old[column] : value);
  }
  return std::move(builder).finish();
}

}  // namespace core
