#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/value.hpp"

namespace core {

/// How one column of a key is encoded, so that encoded bytes sort like the values do on the server.
enum class KeyType : std::uint8_t {
  Integer,  ///< smallint, integer, bigint
  Text,     ///< anything else, by the bytes of its text form (uuid sorts as on the server; text sorts as collation "C")
};

/// The key of a source row (or of an entity, or of an index entry) in its encoded, memcomparable form:
///
///   key     := column+
///   column  := 0x01 u64be(value + 2^63)      Integer
///            | 0x02 escaped 0x00 0x00        Text; a 0x00 byte inside is written 0x00 0xFF
///            | 0x00                          NULL (indexes only; a primary key has none)
///
/// A single integer key takes 9 bytes, which fit the string's own buffer.
struct RowKey {
  std::string bytes;

  [[nodiscard]] bool empty() const { return bytes.empty(); }
  friend auto operator<=>(const RowKey&, const RowKey&) = default;
};

/// Encodes values as a key. Throws Error(Data) when an Integer column holds no integer, or a value is Unchanged.
[[nodiscard]] RowKey encode_key(std::span<const KeyType> types, std::span<const Value> values);
/// The same with every column as text.
[[nodiscard]] RowKey text_key(std::span<const Value> values);
/// The values as text, joined with ',': the legacy key of messages, ledger and UUIDv5 names. NULL reads as empty. Always UTF-8: a value
/// that is not (a source may hold anything where its encoding is SQL_ASCII) is written as U+FFFD and its bytes in hex.
[[nodiscard]] std::string key_text(const RowKey& key);
/// Whether another key may have the same text: a value but the last holds a comma.
[[nodiscard]] bool has_ambiguous_text(const RowKey& key);
/// The values of a key, as text; no value for NULL. Throws Error(State) when the bytes are no key.
[[nodiscard]] std::vector<std::string> key_values(const RowKey& key);
/// Parses a legacy key as key_text() writes it and an operator types it (`4711`, or `3,14` for a composite one). Throws Error(Usage) when it does
/// not have as many parts as `types`, or a part that must be an integer is none.
[[nodiscard]] RowKey parse_key(std::span<const KeyType> types, std::string_view text);

}  // namespace core

template <>
struct std::hash<core::RowKey> {
  std::size_t operator()(const core::RowKey& key) const noexcept { return std::hash<std::string>{}(key.bytes); }
};
