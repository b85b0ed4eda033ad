#include "core/utf8.hpp"

#include <cstddef>
#include <cstdint>

namespace core {

namespace {

struct Range {
  std::uint8_t low;
  std::uint8_t high;
  [[nodiscard]] bool contains(char byte) const {
    const auto value = static_cast<std::uint8_t>(byte);
    return value >= low && value <= high;
  }
};

/// What may follow a leading byte: one byte from a range that excludes overlong forms and surrogates, then any continuations.
struct Form {
  std::size_t length = 0;  ///< of the whole character; 0: no character begins like this
  Range second{0x80, 0xBF};
};

Form form_of(char lead) {
  const auto byte = static_cast<std::uint8_t>(lead);
  if (byte == 0) return {};
  if (byte < 0x80) return {.length = 1};
  if (byte < 0xC2) return {};
  if (byte < 0xE0) return {.length = 2};
  if (byte == 0xE0) return {.length = 3, .second = {0xA0, 0xBF}};
  if (byte == 0xED) return {.length = 3, .second = {0x80, 0x9F}};
  if (byte < 0xF0) return {.length = 3};
  if (byte == 0xF0) return {.length = 4, .second = {0x90, 0xBF}};
  if (byte < 0xF4) return {.length = 4};
  if (byte == 0xF4) return {.length = 4, .second = {0x80, 0x8F}};
  return {};
}

/// Length of the character that `bytes` begins with; 0 when there is none.
std::size_t character_length(std::string_view bytes) {
  const Form form = form_of(bytes.front());
  if (form.length == 0 || form.length > bytes.size()) return 0;
  if (form.length > 1 && !form.second.contains(bytes[1])) return 0;
  constexpr Range kContinuation{0x80, 0xBF};
  for (std::size_t i = 2; i < form.length; ++i) {
    if (!kContinuation.contains(bytes[i])) return 0;
  }
  return form.length;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = character_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string readable_utf8(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = character_length(bytes);
    if (length == 0) {
      const auto byte = static_cast<std::uint8_t>(bytes.front());
      text.append("\\x").append(1, kDigits[byte >> 4U]).append(1, kDigits[byte & 0xFU]);
      bytes.remove_prefix(1);
      continue;
    }
    text.append(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  return text;
}

}  // namespace core
