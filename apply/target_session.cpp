#include "apply/target_session.hpp"

#include <fmt/format.h>

#include "core/failpoint.hpp"
#include "pg/copy_text.hpp"

namespace apply {

namespace {

// Below this many rows, arrays beat the staging table's fixed cost of about a millisecond (docs/architecture.md, "Sending a batch").
constexpr std::size_t kStageFromRows = 150;
// COPY data is handed to libpq in pieces of about this size: large enough to amortise the call, small enough to stay in cache.
constexpr std::size_t kCopyPiece = 64U << 10U;

bool set_replica_role(pg::Session& session) {
  try {
    session.exec("SET session_replication_role = replica");
  } catch (const core::Error& error) {
    if (session.is_broken()) throw;
    return false;
  }
  return session.exec("SHOW session_replication_role").text(0, 0) == "replica";
}

}  // namespace

TargetSession::TargetSession(const pg::ConnectionParams& params, std::string_view purpose) : session_(params, purpose) {
  is_replica_ = set_replica_role(session_);
  // The statements are long and always run with the same shape: planning them for each batch costs more than running them.
  session_.exec("SET plan_cache_mode = force_generic_plan");
  session_.exec("SET client_min_messages = warning");
}

pg::Result TargetSession::exec_arrays(std::string_view sql, std::span<const std::vector<core::Value>> columns) {
  return statements_.exec_arrays(session_, sql, columns);
}

pg::Result TargetSession::exec_keys(std::string_view sql, std::span<const core::RowKey> keys) {
  std::vector<std::vector<std::string>> texts;
  texts.reserve(keys.size());
  for (const core::RowKey& key : keys) texts.push_back(core::key_values(key));
  std::vector<std::vector<core::Value>> columns(texts.front().size());
  for (const auto& parts : texts) {
    for (std::size_t column = 0; column < columns.size(); ++column)
      columns[column].push_back(core::Value::of(parts[column]));
  }
  return exec_arrays(sql, columns);
}

pg::Result TargetSession::ask(const mapping::RowStatement& statement, const mapping::SentRows& rows) {
  return exec_arrays(statement.by_arrays, rows.columns());
}

std::uint64_t TargetSession::write(const mapping::RowStatement& statement, const mapping::SentRows& rows) {
  if (rows.rows() < kStageFromRows) return ask(statement, rows).affected_rows();
  // Emptied in any case: one that has to be created may be there already, with the rows of an earlier write (see below).
  const std::string empty = "TRUNCATE " + statement.stage;
  const bool is_known = stages_.contains(statement.stage) || uncommitted_stages_.contains(statement.stage);
  session_.exec(is_known ? empty : statement.create_stage + "; " + empty);
  if (!is_known) uncommitted_stages_.insert(statement.stage);
  session_.copy_in_begin(statement.copy_stage);
  std::string piece;
  piece.reserve(kCopyPiece + 4096);
  for (std::size_t i = 0; i < rows.values.size(); ++i) {
    pg::append_copy_value(piece, rows.values[i].get());
    piece.push_back((i + 1) % rows.width == 0 ? '\n' : '\t');
    if (piece.size() >= kCopyPiece) {
      session_.copy_in_data(piece);
      piece.clear();
    }
  }
  if (!piece.empty()) session_.copy_in_data(piece);
  session_.copy_in_finish();
  return statements_.exec(session_, statement.from_stage, {}).affected_rows();
}

void TargetSession::commit() {
  try {
    if (session_.exec("COMMIT").command_tag() != "COMMIT") {
      throw core::Error{core::ErrorKind::Bug,
                        "a transaction was to be committed after one of its statements had failed"};
    }
    FAILPOINT("after_commit_sent");
    stages_.merge(uncommitted_stages_);
    uncommitted_stages_.clear();
  } catch (const core::Error& error) {
    if (!session_.is_broken()) throw;
    throw core::Error{core::ErrorKind::InDoubt, "the connection to the target was lost while committing"}.transient();
  }
}

void TargetSession::rollback() {
  uncommitted_stages_.clear();
  if (session_.is_broken() || !session_.in_transaction()) return;
  try {
    session_.exec("ROLLBACK");
  } catch (const core::Error&) {
    if (!session_.is_broken()) throw;
  }
}

void TargetSession::savepoint() { session_.exec("SAVEPOINT batch"); }
void TargetSession::release_savepoint() { session_.exec("RELEASE SAVEPOINT batch"); }
void TargetSession::rollback_to_savepoint() {
  // Which stages were created before the savepoint is not worth tracking: they are created again (IF NOT EXISTS) and emptied. Were they not
  // emptied, the rows of an earlier transaction would be written a second time, over what came after it.
  uncommitted_stages_.clear();
  session_.exec("ROLLBACK TO SAVEPOINT batch; RELEASE SAVEPOINT batch");
}

}  // namespace apply
