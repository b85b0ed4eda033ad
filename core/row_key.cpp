#include "core/row_key.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/error.hpp"
#include "core/utf8.hpp"

namespace core {

namespace {

constexpr char kNull = 0x00;
constexpr char kInteger = 0x01;
constexpr char kText = 0x02;
constexpr std::uint64_t kSignBit = 1ULL << 63U;

std::int64_t parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw Error{ErrorKind::Data, "a key that must be an integer is none"};
  }
  return value;
}

void append_integer(std::string& bytes, std::int64_t value) {
  const std::uint64_t biased = static_cast<std::uint64_t>(value) ^ kSignBit;
  bytes.push_back(kInteger);
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>((biased >> shift) & 0xFFU));
}

void append_text(std::string& bytes, std::string_view text) {
  bytes.push_back(kText);
  for (const char c : text) {
    bytes.push_back(c);
    if (c == '\0') bytes.push_back('\xFF');
  }
  bytes.push_back('\0');
  bytes.push_back('\0');
}

// Begins a value in hex. A value that begins with it by itself is written in hex as well, so that what is read back is what was written.
constexpr std::string_view kHexMark = "\xEF\xBF\xBD";

std::string text_of(std::string value) {
  if (!value.starts_with(kHexMark) && is_utf8(value)) return value;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text{kHexMark};
  for (const char c : value) {
    const auto byte = static_cast<std::uint8_t>(c);
    text.append(1, kDigits[byte >> 4U]).append(1, kDigits[byte & 0xFU]);
  }
  return text;
}

/// The value of which `text` is the text; nothing when it is no text of a value.
std::optional<std::string> value_of(std::string_view text) {
  if (!text.starts_with(kHexMark)) return std::string{text};
  text.remove_prefix(kHexMark.size());
  std::string value;
  for (; !text.empty(); text.remove_prefix(2)) {
    unsigned byte = 0;
    if (text.size() < 2 || std::from_chars(text.data(), text.data() + 2, byte, 16).ptr != text.data() + 2) return {};
    value.push_back(static_cast<char>(byte));
  }
  return value;
}

Error damaged_key() { return Error{ErrorKind::State, "a stored key is damaged"}; }

}  // namespace

RowKey encode_key(std::span<const KeyType> types, std::span<const Value> values) {
  if (types.size() != values.size()) throw Error{ErrorKind::Bug, "a key has another number of columns than its type"};
  RowKey key;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Value& value = values[i];
    if (value.is_unchanged()) throw Error{ErrorKind::Data, "a key column was not sent by the source"};
    if (value.is_null()) {
      key.bytes.push_back(kNull);
    } else if (types[i] == KeyType::Integer) {
      append_integer(key.bytes, parse_integer(value.text));
    } else {
      append_text(key.bytes, value.text);
    }
  }
  return key;
}

RowKey text_key(std::span<const Value> values) {
  return encode_key(std::vector<KeyType>(values.size(), KeyType::Text), values);
}

std::vector<std::string> key_values(const RowKey& key) {
  std::vector<std::string> values;
  const std::string& bytes = key.bytes;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const char tag = bytes[at++];
    std::string value;
    if (tag == kInteger) {
      if (bytes.size() - at < 8) throw damaged_key();
      std::uint64_t biased = 0;
      for (int i = 0; i < 8; ++i) biased = (biased << 8U) | static_cast<std::uint8_t>(bytes[at++]);
      value = std::to_string(static_cast<std::int64_t>(biased ^ kSignBit));
    } else if (tag == kText) {
      for (;;) {
        if (bytes.size() - at < 2) throw damaged_key();
        const char c = bytes[at++];
        if (c == '\0' && bytes[at++] == '\0') break;
        value.push_back(c);
      }
    } else if (tag != kNull) {
      throw damaged_key();
    }
    values.push_back(std::move(value));
  }
  return values;
}

std::string key_text(const RowKey& key) {
  std::string text;
  bool first = true;
  for (std::string& value : key_values(key)) {
    if (!first) text.push_back(',');
    text += text_of(std::move(value));
    first = false;
  }
  return text;
}

bool has_ambiguous_text(const RowKey& key) {
  const std::vector<std::string> values = key_values(key);
  return std::any_of(values.begin(), values.empty() ? values.end() : values.end() - 1,
                     [](const std::string& value) { return text_of(value).find(',') != std::string::npos; });
}

RowKey parse_key(std::span<const KeyType> types, std::string_view text) {
  std::vector<std::optional<std::string>> parts;
  std::string_view rest = text;
  // The last part takes the rest, so that a single text key may hold a comma.
  while (parts.size() + 1 < types.size()) {
    const auto comma = rest.find(',');
    if (comma == std::string_view::npos) break;
    parts.push_back(value_of(rest.substr(0, comma)));
    rest.remove_prefix(comma + 1);
  }
  parts.push_back(value_of(rest));
  const auto refuse = [&] {
    return Error{ErrorKind::Usage, "'" + std::string{text} + "' is not a key here: " + std::to_string(types.size()) +
                                       " value(s) expected, separated by commas, as in 4711 or 3,14"};
  };
  if (parts.size() != types.size()) throw refuse();
  std::vector<Value> values;
  for (const auto& part : parts) {
    if (!part) throw refuse();
    values.push_back(Value::of(*part));
  }
  try {
    return encode_key(types, values);
  } catch (const Error&) {
    throw refuse();
  }
}

}  // namespace core
