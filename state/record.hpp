#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// How the small records of the store are written: fixed-width integers most significant byte first, so that they sort, and
/// strings behind their length.
namespace state {

void append_u8(std::string& bytes, std::uint8_t value);
void append_u16(std::string& bytes, std::uint16_t value);
void append_u32(std::string& bytes, std::uint32_t value);
void append_u64(std::string& bytes, std::uint64_t value);
/// length:u32be bytes
void append_text(std::string& bytes, std::string_view text);

/// Reads such a record from its beginning. Every read past the end, and a record that is not read to its end, is an
/// Error(State): the store is damaged.
class RecordCursor {
 public:
  /// `bytes` must outlive the cursor.
  explicit RecordCursor(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  std::string text();
  std::string_view take(std::size_t size);
  [[nodiscard]] std::string_view rest() const { return rest_; }
  void expect_end() const;

 private:
  std::uint64_t unsigned_integer(std::size_t size);

  std::string_view rest_;
};

}  // namespace state
