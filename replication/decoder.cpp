#include "replication/decoder.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "core/error.hpp"
#include "pg/wire_time.hpp"
#include "replication/byte_cursor.hpp"

namespace replication {

namespace {

core::Error nonsense(std::string what) { return core::Error{core::ErrorKind::Protocol, std::move(what)}; }

/// A byte for messages to people: printable as such, else in hex.
std::string show(std::uint8_t byte) {
  return byte > 0x20 && byte < 0x7F ? fmt::format("{:c}", static_cast<char>(byte)) : fmt::format("0x{:02x}", byte);
}

core::Lsn read_lsn(ByteCursor& cursor) { return core::Lsn{cursor.read_u64()}; }
core::CommitLsn read_commit_lsn(ByteCursor& cursor) { return {read_lsn(cursor)}; }
core::EndLsn read_end_lsn(ByteCursor& cursor) { return {read_lsn(cursor)}; }
core::Oid read_oid(ByteCursor& cursor) { return {cursor.read_u32()}; }

core::Timestamp read_time(ByteCursor& cursor) {
  // Wrapping addition: a nonsensical time must not be undefined behaviour.
  constexpr auto kEpoch = static_cast<std::uint64_t>(pg::kWireEpoch.time_since_epoch().count());
  return core::Timestamp{std::chrono::microseconds{static_cast<std::int64_t>(cursor.read_u64() + kEpoch)}};
}

void read_zero_flags(ByteCursor& cursor) {
  if (const std::uint8_t flags = cursor.read_u8(); flags != 0) {
    throw nonsense("a commit carries flags that are not known").with("flags", fmt::to_string(flags));
  }
}

std::uint32_t read_top_xid(ByteCursor& cursor) {
  const std::uint32_t xid = cursor.read_u32();
  if (xid == 0) throw nonsense("a transaction has the number 0");
  return xid;
}

/// Sum of the lengths of a tuple's texts; checks its form on the way, so that the row can be allocated once.
std::size_t measure_tuple(ByteCursor cursor, std::size_t columns) {
  std::size_t total = 0;
  for (std::size_t column = 0; column < columns; ++column) {
    const std::uint8_t kind = cursor.read_u8();
    switch (kind) {
      case 'n':
      case 'u': break;
      case 't': {
        const std::uint32_t length = cursor.read_u32();
        static_cast<void>(cursor.read_bytes(length));
        total += length;
        break;
      }
      case 'b': throw nonsense("the source sent a binary value, which was not asked for");
      default: throw nonsense("a value is of an unknown kind").with("kind", show(kind));
    }
  }
  return total;
}

core::Row read_tuple(ByteCursor& cursor) {
  const std::size_t columns = cursor.read_u16();
  cursor.require(columns);
  core::RowBuilder row{columns, measure_tuple(cursor, columns)};
  for (std::size_t column = 0; column < columns; ++column) {
    switch (cursor.read_u8()) {
      case 'n': row.add_null(); break;
      case 'u': row.add(core::Value::unchanged()); break;
      default: row.add_text(cursor.read_bytes(cursor.read_u32())); break;
    }
  }
  return std::move(row).finish();
}

core::Row read_new_tuple(ByteCursor& cursor) {
  if (const std::uint8_t mark = cursor.read_u8(); mark != 'N') {
    throw nonsense("a new row is expected").with("found", show(mark));
  }
  return read_tuple(cursor);
}

core::OldRow read_old_tuple(ByteCursor& cursor) {
  const std::uint8_t mark = cursor.read_u8();
  if (mark != 'K' && mark != 'O') throw nonsense("an old row is expected").with("found", show(mark));
  const auto extent = mark == 'K' ? core::OldRow::Extent::Key : core::OldRow::Extent::Full;
  return {extent, read_tuple(cursor)};
}

core::ReplicaIdentity read_replica_identity(ByteCursor& cursor) {
  const std::uint8_t identity = cursor.read_u8();
  switch (identity) {
    case 'd': return core::ReplicaIdentity::Default;
    case 'n': return core::ReplicaIdentity::Nothing;
    case 'f': return core::ReplicaIdentity::Full;
    case 'i': return core::ReplicaIdentity::Index;
    default: throw nonsense("a replica identity is of an unknown kind").with("kind", show(identity));
  }
}

core::QualifiedName read_name(ByteCursor& cursor) {
  // The server abbreviates its own schema.
  std::string schema{cursor.read_string()};
  if (schema.empty()) schema = "pg_catalog";
  return {std::move(schema), std::string{cursor.read_string()}};
}

Begin read_begin(ByteCursor& cursor) {
  Begin message;
  message.final_lsn = read_commit_lsn(cursor);
  message.commit_time = read_time(cursor);
  message.xid = read_top_xid(cursor);
  return message;
}

Commit read_commit(ByteCursor& cursor) {
  read_zero_flags(cursor);
  Commit message;
  message.commit_lsn = read_commit_lsn(cursor);
  message.end_lsn = read_end_lsn(cursor);
  message.commit_time = read_time(cursor);
  return message;
}

Origin read_origin(ByteCursor& cursor) {
  const core::Lsn lsn = read_lsn(cursor);
  return {lsn, std::string{cursor.read_string()}};
}

RelationDefinition read_relation(ByteCursor& cursor, std::uint32_t xid) {
  RelationDefinition message;
  message.xid = xid;
  core::Relation& relation = message.relation;
  relation.oid = read_oid(cursor);
  relation.name = read_name(cursor);
  relation.identity = read_replica_identity(cursor);
  const std::size_t columns = cursor.read_u16();
  constexpr std::size_t kSmallestColumn = 1 + 1 + 4 + 4;
  cursor.require(columns * kSmallestColumn);
  relation.columns.reserve(columns);
  for (std::size_t index = 0; index < columns; ++index) {
    const std::uint8_t flags = cursor.read_u8();
    if (flags > 1) throw nonsense("a column carries flags that are not known").with("flags", fmt::to_string(flags));
    core::RelationColumn& column = relation.columns.emplace_back();
    column.is_key = flags == 1;
    column.name = cursor.read_string();
    column.type = read_oid(cursor);
    column.type_modifier = cursor.read_i32();
  }
  return message;
}

TypeDefinition read_type(ByteCursor& cursor, std::uint32_t xid) {
  const core::Oid oid = read_oid(cursor);
  return {xid, oid, read_name(cursor)};
}

InsertRow read_insert(ByteCursor& cursor, std::uint32_t xid) {
  const core::Oid relation = read_oid(cursor);
  return {xid, relation, read_new_tuple(cursor)};
}

UpdateRow read_update(ByteCursor& cursor, std::uint32_t xid) {
  UpdateRow message;
  message.xid = xid;
  message.relation = read_oid(cursor);
  // Either the new row, or the old one and then the new one: look at the mark without consuming it.
  ByteCursor ahead = cursor;
  if (ahead.read_u8() != 'N') message.old = read_old_tuple(cursor);
  message.row = read_new_tuple(cursor);
  return message;
}

DeleteRow read_delete(ByteCursor& cursor, std::uint32_t xid) {
  const core::Oid relation = read_oid(cursor);
  return {xid, relation, read_old_tuple(cursor)};
}

TruncateTables read_truncate(ByteCursor& cursor, std::uint32_t xid) {
  const std::size_t count = cursor.read_u32();
  const std::uint8_t flags = cursor.read_u8();
  if (flags > 3) throw nonsense("a truncate carries flags that are not known").with("flags", fmt::to_string(flags));
  cursor.require(count * sizeof(std::uint32_t));
  TruncateTables message{xid, (flags & 1U) != 0, (flags & 2U) != 0, {}};
  message.relations.reserve(count);
  for (std::size_t index = 0; index < count; ++index) message.relations.push_back(read_oid(cursor));
  return message;
}

LogicalMessage read_logical_message(ByteCursor& cursor, std::uint32_t xid) {
  const std::uint8_t flags = cursor.read_u8();
  if (flags > 1)
    throw nonsense("a logical message carries flags that are not known").with("flags", fmt::to_string(flags));
  LogicalMessage message;
  message.xid = xid;
  message.is_transactional = flags == 1;
  message.lsn = read_lsn(cursor);
  message.prefix = cursor.read_string();
  message.content = cursor.read_bytes(cursor.read_u32());
  return message;
}

StreamStart read_stream_start(ByteCursor& cursor) {
  const std::uint32_t xid = read_top_xid(cursor);
  const std::uint8_t first = cursor.read_u8();
  if (first > 1) throw nonsense("the first-block flag is neither 0 nor 1").with("flag", fmt::to_string(first));
  return {xid, first == 1};
}

StreamCommit read_stream_commit(ByteCursor& cursor) {
  StreamCommit message;
  message.xid = read_top_xid(cursor);
  read_zero_flags(cursor);
  message.commit_lsn = read_commit_lsn(cursor);
  message.end_lsn = read_end_lsn(cursor);
  message.commit_time = read_time(cursor);
  return message;
}

StreamAbort read_stream_abort(ByteCursor& cursor) {
  const std::uint32_t xid = read_top_xid(cursor);
  const std::uint32_t subxid = read_top_xid(cursor);
  return {xid, subxid};
}

/// Begin Prepare, Prepare and Stream Prepare share their fields; the first has no flags.
template <typename Kind>
Kind read_prepare(ByteCursor& cursor) {
  Kind message;
  message.prepare_lsn = read_lsn(cursor);
  message.end_lsn = read_end_lsn(cursor);
  message.prepare_time = read_time(cursor);
  message.xid = read_top_xid(cursor);
  message.gid = cursor.read_string();
  return message;
}

CommitPrepared read_commit_prepared(ByteCursor& cursor) {
  read_zero_flags(cursor);
  CommitPrepared message;
  message.commit_lsn = read_commit_lsn(cursor);
  message.end_lsn = read_end_lsn(cursor);
  message.commit_time = read_time(cursor);
  message.xid = read_top_xid(cursor);
  message.gid = cursor.read_string();
  return message;
}

RollbackPrepared read_rollback_prepared(ByteCursor& cursor) {
  read_zero_flags(cursor);
  RollbackPrepared message;
  message.prepare_end_lsn = read_end_lsn(cursor);
  message.rollback_end_lsn = read_end_lsn(cursor);
  message.prepare_time = read_time(cursor);
  message.rollback_time = read_time(cursor);
  message.xid = read_top_xid(cursor);
  message.gid = cursor.read_string();
  return message;
}

Message read_message(ByteCursor& cursor, Framing framing) {
  const std::uint8_t type = cursor.read_u8();
  const auto xid = [&] { return framing == Framing::InBlock ? cursor.read_u32() : 0U; };
  switch (type) {
    case 'I': return read_insert(cursor, xid());
    case 'U': return read_update(cursor, xid());
    case 'D': return read_delete(cursor, xid());
    case 'B': return read_begin(cursor);
    case 'C': return read_commit(cursor);
    case 'O': return read_origin(cursor);
    case 'R': return read_relation(cursor, xid());
    case 'Y': return read_type(cursor, xid());
    case 'T': return read_truncate(cursor, xid());
    case 'M': return read_logical_message(cursor, xid());
    case 'S': return read_stream_start(cursor);
    case 'E': return StreamStop{};
    case 'c': return read_stream_commit(cursor);
    case 'A': return read_stream_abort(cursor);
    case 'b': return read_prepare<BeginPrepare>(cursor);
    case 'P': read_zero_flags(cursor); return read_prepare<Prepare>(cursor);
    case 'p': read_zero_flags(cursor); return read_prepare<StreamPrepare>(cursor);
    case 'K': return read_commit_prepared(cursor);
    case 'r': return read_rollback_prepared(cursor);
    default: throw nonsense("the stream carries a message of an unknown type").with("type", show(type));
  }
}

}  // namespace

Message decode(std::string_view payload, Framing framing) {
  ByteCursor cursor{payload};
  Message message = read_message(cursor, framing);
  cursor.require_end();
  return message;
}

char message_type(std::string_view payload) { return static_cast<char>(ByteCursor{payload}.read_u8()); }

std::uint32_t block_xid(std::string_view payload) {
  ByteCursor cursor{payload};
  static_cast<void>(cursor.read_u8());
  return cursor.read_u32();
}

}  // namespace replication
