#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Messages of pgoutput, written byte by byte: what tests feed in. Independent of the decoder on purpose.
namespace wire {

/// Appends big-endian numbers and strings.
class Bytes {
 public:
  explicit Bytes(char type) : bytes_(1, type) {}
  Bytes& u8(std::uint8_t value) { return number(value, 1); }
  Bytes& u16(std::uint16_t value) { return number(value, 2); }
  Bytes& u32(std::uint32_t value) { return number(value, 4); }
  Bytes& u64(std::uint64_t value) { return number(value, 8); }
  Bytes& text(std::string_view value) {
    bytes_.append(value);
    bytes_ += '\0';
    return *this;
  }
  Bytes& raw(std::string_view value) {
    bytes_.append(value);
    return *this;
  }
  /// The transaction number that messages carry in a stream block.
  Bytes& xid(std::optional<std::uint32_t> value) { return value ? u32(*value) : *this; }
  operator std::string_view() const { return bytes_; }  // NOLINT(google-explicit-constructor): likewise
  operator std::string() const { return bytes_; }       // NOLINT(google-explicit-constructor): it is what gets fed

 private:
  Bytes& number(std::uint64_t value, unsigned size) {
    for (unsigned index = size; index-- > 0;) bytes_ += static_cast<char>(value >> (8 * index) & 0xFFU);
    return *this;
  }
  std::string bytes_;
};

using Xid = std::optional<std::uint32_t>;
constexpr Xid kPlain = std::nullopt;

/// A value of a tuple; `n` and `u` of the protocol have names.
struct Field {
  char kind = 't';
  std::string text;
  Field(std::string value) : text(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Field(const char* value) : text(value) {}             // NOLINT(google-explicit-constructor)
  explicit Field(char which) : kind(which) {}
};
inline const Field kNull{'n'};
inline const Field kUnchanged{'u'};
using Fields = std::vector<Field>;

inline std::string tuple(const Fields& fields) {
  Bytes bytes{static_cast<char>(fields.size() >> 8U)};
  bytes.u8(static_cast<std::uint8_t>(fields.size()));
  for (const Field& field : fields) {
    bytes.u8(static_cast<std::uint8_t>(field.kind));
    if (field.kind == 't' || field.kind == 'b')
      bytes.u32(static_cast<std::uint32_t>(field.text.size())).raw(field.text);
  }
  return bytes;
}

inline std::string begin(std::uint64_t lsn, std::uint32_t xid = 500) { return Bytes{'B'}.u64(lsn).u64(0).u32(xid); }
inline std::string commit(std::uint64_t lsn, std::uint64_t end) { return Bytes{'C'}.u8(0).u64(lsn).u64(end).u64(0); }
inline std::string origin(std::string_view name) { return Bytes{'O'}.u64(0x77).text(name); }

/// public.`name`, all columns of type text, the first one its key.
inline std::string relation(std::uint32_t oid, std::string_view name, const std::vector<std::string>& columns,
                            Xid xid = kPlain) {
  Bytes bytes{'R'};
  bytes.xid(xid).u32(oid).text("public").text(name).u8('d').u16(static_cast<std::uint16_t>(columns.size()));
  for (std::size_t index = 0; index < columns.size(); ++index) {
    bytes.u8(index == 0 ? 1 : 0).text(columns[index]).u32(25).u32(0xFFFFFFFF);
  }
  return bytes;
}
inline std::string type(std::uint32_t oid, std::string_view name, Xid xid = kPlain) {
  return Bytes{'Y'}.xid(xid).u32(oid).text("").text(name);
}
inline std::string insert(std::uint32_t oid, const Fields& row, Xid xid = kPlain) {
  return Bytes{'I'}.xid(xid).u32(oid).u8('N').raw(tuple(row));
}
inline std::string update(std::uint32_t oid, const Fields& row, Xid xid = kPlain) {
  return Bytes{'U'}.xid(xid).u32(oid).u8('N').raw(tuple(row));
}
/// `mark`: K or O.
inline std::string update(std::uint32_t oid, char mark, const Fields& old, const Fields& row, Xid xid = kPlain) {
  return Bytes{'U'}.xid(xid).u32(oid).u8(static_cast<std::uint8_t>(mark)).raw(tuple(old)).u8('N').raw(tuple(row));
}
inline std::string remove(std::uint32_t oid, char mark, const Fields& old, Xid xid = kPlain) {
  return Bytes{'D'}.xid(xid).u32(oid).u8(static_cast<std::uint8_t>(mark)).raw(tuple(old));
}
inline std::string truncate(const std::vector<std::uint32_t>& oids, std::uint8_t flags, Xid xid = kPlain) {
  Bytes bytes{'T'};
  bytes.xid(xid).u32(static_cast<std::uint32_t>(oids.size())).u8(flags);
  for (const std::uint32_t oid : oids) bytes.u32(oid);
  return bytes;
}
inline std::string message(bool is_transactional, std::string_view content, Xid xid = kPlain) {
  return Bytes{'M'}
      .xid(xid)
      .u8(is_transactional ? 1 : 0)
      .u64(0x99)
      .text("dispatch_sync")
      .u32(static_cast<std::uint32_t>(content.size()))
      .raw(content);
}
inline std::string stream_start(std::uint32_t xid, bool is_first) { return Bytes{'S'}.u32(xid).u8(is_first ? 1 : 0); }
inline std::string stream_stop() { return Bytes{'E'}; }
inline std::string stream_commit(std::uint32_t xid, std::uint64_t lsn, std::uint64_t end) {
  return Bytes{'c'}.u32(xid).u8(0).u64(lsn).u64(end).u64(0);
}
inline std::string stream_abort(std::uint32_t xid, std::uint32_t subxid) { return Bytes{'A'}.u32(xid).u32(subxid); }

}  // namespace wire
