#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace replication {

/// Reads big-endian numbers, strings and byte runs off a buffer, left to right. The one way in which bytes of the stream are
/// read: every read is checked against what is left and throws Error(Protocol) rather than going past the end. Views that it
/// returns live as long as the buffer.
class ByteCursor {
 public:
  explicit ByteCursor(std::string_view bytes) : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {}

  [[nodiscard]] std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }

  [[nodiscard]] std::uint8_t read_u8() { return read<std::uint8_t>(); }
  [[nodiscard]] std::uint16_t read_u16() { return read<std::uint16_t>(); }
  [[nodiscard]] std::uint32_t read_u32() { return read<std::uint32_t>(); }
  [[nodiscard]] std::uint64_t read_u64() { return read<std::uint64_t>(); }
  [[nodiscard]] std::int64_t read_i64() { return std::bit_cast<std::int64_t>(read_u64()); }
  [[nodiscard]] std::int32_t read_i32() { return std::bit_cast<std::int32_t>(read_u32()); }

  [[nodiscard]] std::string_view read_bytes(std::size_t count) {
    require(count);
    const std::string_view bytes{at_, count};
    at_ += count;
    return bytes;
  }
  /// A string up to its terminating zero byte, which is consumed.
  [[nodiscard]] std::string_view read_string() {
    const std::size_t length = std::string_view{at_, remaining()}.find('\0');
    if (length == std::string_view::npos) fail_short();
    const std::string_view text{at_, length};
    at_ += length + 1;
    return text;
  }

  /// Throws unless at least `count` bytes are left: call it before allocating for a length that was read.
  void require(std::size_t count) const {
    if (count > remaining()) fail_short();
  }
  /// Throws unless everything was read.
  void require_end() const {
    if (at_ != end_) fail_trailing();
  }

 private:
  template <std::unsigned_integral Number>
  Number read() {
    require(sizeof(Number));
    Number value = 0;
    for (std::size_t index = 0; index < sizeof(Number); ++index) {
      // Compilers turn this into one load and a byte swap.
      value = static_cast<Number>(static_cast<std::uint64_t>(value) << 8U | static_cast<std::uint8_t>(at_[index]));
    }
    at_ += sizeof(Number);
    return value;
  }
  [[noreturn]] void fail_short() const;
  [[noreturn]] void fail_trailing() const;

  const char* begin_;
  const char* at_;
  const char* end_;
};

}  // namespace replication
