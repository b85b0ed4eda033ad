#include "agent/source_witness.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <map>
#include <string_view>
#include <variant>

#include "core/error.hpp"
#include "cutover/source_fence.hpp"
#include "pg/quoting.hpp"
#include "pg/sqlstate.hpp"
#include "pg/write_transactions.hpp"
#include "replication/decoder.hpp"

namespace agent {

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
std::optional<core::Oid> changed_by(const replication::Message& message) {
  if (const auto* row = std::get_if<replication::InsertRow>(&message)) return row->relation;
  if (const auto* row = std::get_if<replication::UpdateRow>(&message)) return row->relation;
  if (const auto* row = std::get_if<replication::DeleteRow>(&message)) return row->relation;
  if (const auto* tables = std::get_if<replication::TruncateTables>(&message)) return tables->relations.front();
  return std::nullopt;
}

}  // namespace

std::optional<WitnessedChange> first_unapplied_change(pg::Session& source, const std::string& slot,
                                                      const std::string& publication, core::Lsn applied) {
  const std::string quoted = pg::quote_identifier(publication);
  const pg::Result rows = source.exec(
      "select data from pg_catalog.pg_logical_slot_peek_binary_changes($1, null, null, 'proto_version', '1', "
      "'publication_names', $2)",
      {std::string_view{slot}, std::string_view{quoted}});
  std::map<std::uint32_t, std::string> names;
  core::CommitLsn commit;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const replication::Message message =
        replication::decode(bytes_of_hex(rows.text(row, 0)), replication::Framing::Plain);
    if (const auto* begin = std::get_if<replication::Begin>(&message)) commit = begin->final_lsn;
    if (const auto* relation = std::get_if<replication::RelationDefinition>(&message)) {
      names[relation->relation.oid.value] = relation->relation.name.display();
    }
    // A transaction is applied when the position is past its commit; its rows may lie before that of another one.
    if (const auto table = changed_by(message); table && !core::contains(applied, commit)) {
      return WitnessedChange{commit.lsn, names[table->value]};
    }
  }
  return std::nullopt;
}

SourceWitness::SourceWitness(const pg::ConnectionParams& source, const std::string& slot, std::string publication,
                             std::chrono::milliseconds limit)
    : session_(source, "cutover-witness"),
      slot_(slot.substr(0, 45) + "_witness_" + std::to_string(getpid())),
      publication_(std::move(publication)) {
  session_.exec("SET statement_timeout = " + std::to_string(limit.count()));
  try {
    session_.exec("select pg_catalog.pg_create_logical_replication_slot($1, 'pgoutput', true)",
                  {std::string_view{slot_}});
  } catch (const core::Error& error) {
    if (error.sqlstate() != pg::kQueryCanceled) throw;
    throw core::Error(core::ErrorKind::Refused, "a transaction that writes does not end in spite of the fence")
        .with("waited_ms", std::to_string(limit.count()))
        .with("transactions", fmt::format("{}", fmt::join(pg::write_transactions(session_), "; ")))
        .with("connected", cutover::others_connected(session_))
        .remedy(
            "end it (pg_stat_activity, backend_xid; of any database of the source's server), or raise "
            "cutover.fence_timeout; then run `agent cutover` again");
  }
  session_.exec("SET statement_timeout = 0");
}

std::optional<WitnessedChange> SourceWitness::first_change() {
  return first_unapplied_change(session_, slot_, publication_, core::Lsn{});
}

}  // namespace agent
