#include "replication/slot_peek.hpp"

#include <map>
#include <string_view>
#include <variant>

#include "pg/quoting.hpp"
#include "replication/decoder.hpp"
#include "replication/marker.hpp"

namespace replication {

namespace {

std::string bytes_of_hex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  // Behind the `\x` that bytea_output = hex begins with.
  for (std::size_t i = 2; i + 1 < text.size(); i += 2)
    bytes += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  return bytes;
}

/// The first table that a message changes; nothing when it changes no rows.
std::optional<core::Oid> changed_by(const Message& message) {
  if (const auto* row = std::get_if<InsertRow>(&message)) return row->relation;
  if (const auto* row = std::get_if<UpdateRow>(&message)) return row->relation;
  if (const auto* row = std::get_if<DeleteRow>(&message)) return row->relation;
  if (const auto* tables = std::get_if<TruncateTables>(&message)) return tables->relations.front();
  return std::nullopt;
}

}  // namespace

std::optional<PendingChange> first_pending_change(pg::Session& source, const std::string& slot,
                                                  const std::string& publication, core::Lsn applied) {
  // The server writes its log to disk page by page, and a peek to the end waits for the rest of a record that has reached it in part: on a quiet
  // server until something else is logged, up to 15 seconds. The marker's commit takes everything before it to disk.
  const std::string end = emit_marker(source, "peek").message_lsn.to_string();
  const std::string quoted = pg::quote_identifier(publication);
  const pg::Result rows = source.exec(
      "select data from pg_catalog.pg_logical_slot_peek_binary_changes($1, $2, null, 'proto_version', '1', "
      "'publication_names', $3)",
      {std::string_view{slot}, std::string_view{end}, std::string_view{quoted}});
  std::map<std::uint32_t, std::string> names;
  core::CommitLsn commit;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const Message message = decode(bytes_of_hex(rows.text(row, 0)), Framing::Plain);
    if (const auto* begin = std::get_if<Begin>(&message)) commit = begin->final_lsn;
    if (const auto* relation = std::get_if<RelationDefinition>(&message)) {
      names[relation->relation.oid.value] = relation->relation.name.display();
    }
    // A transaction is applied when the position is past its commit; its rows may lie before that of another one.
    if (const auto table = changed_by(message); table && !core::contains(applied, commit)) {
      return PendingChange{commit.lsn, names[table->value]};
    }
  }
  return std::nullopt;
}

}  // namespace replication
