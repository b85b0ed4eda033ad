#include "state/record.hpp"

#include "state/rocks_status.hpp"

namespace state {

namespace {

void append_integer(std::string& bytes, std::uint64_t value, int size) {
  for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>((value >> shift) & 0xFFU));
}

}  // namespace

void append_u8(std::string& bytes, std::uint8_t value) { append_integer(bytes, value, 1); }
void append_u16(std::string& bytes, std::uint16_t value) { append_integer(bytes, value, 2); }
void append_u32(std::string& bytes, std::uint32_t value) { append_integer(bytes, value, 4); }
void append_u64(std::string& bytes, std::uint64_t value) { append_integer(bytes, value, 8); }

void append_text(std::string& bytes, std::string_view text) {
  append_u32(bytes, static_cast<std::uint32_t>(text.size()));
  bytes += text;
}

std::string_view RecordCursor::take(std::size_t size) {
  if (rest_.size() < size) throw damaged("a record is shorter than it must be");
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::uint64_t RecordCursor::unsigned_integer(std::size_t size) {
  std::uint64_t value = 0;
  for (const char byte : take(size)) value = (value << 8U) | static_cast<std::uint8_t>(byte);
  return value;
}

std::uint8_t RecordCursor::u8() { return static_cast<std::uint8_t>(unsigned_integer(1)); }
std::uint16_t RecordCursor::u16() { return static_cast<std::uint16_t>(unsigned_integer(2)); }
std::uint32_t RecordCursor::u32() { return static_cast<std::uint32_t>(unsigned_integer(4)); }
std::uint64_t RecordCursor::u64() { return unsigned_integer(8); }
std::string RecordCursor::text() { return std::string{take(u32())}; }

void RecordCursor::expect_end() const {
  if (!rest_.empty()) throw damaged("a record is longer than it must be");
}

}  // namespace state
