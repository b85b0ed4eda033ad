#include "cutover/cleanup_rollback.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "core/error.hpp"
#include "cutover/audit.hpp"
#include "cutover/definition.hpp"
#include "cutover/schema_changes.hpp"

namespace cutover {

namespace {

using core::Error;

constexpr auto kOfCleanups = {SchemaChange::Kind::Plain, SchemaChange::Kind::Rule};

/// Takes one statement back. Rules may fail: then nothing of them is done, and it is noted.
void take_back(pg::Session& target, const SchemaChanges& ledger, const SchemaChange& change, CleanupRollback& result) {
  if (change.kind == SchemaChange::Kind::Plain) {
    target.exec(change.undo);
    ledger.note_undone(target, change.id);
    ++result.statements;
    return;
  }
  target.exec("savepoint rule");
  try {
    target.exec(change.undo);
    target.exec("release savepoint rule");
    ledger.note_undone(target, change.id);
    ++result.statements;
  } catch (const Error& error) {
    if (error.kind() != core::ErrorKind::Data || target.is_broken()) throw;
    target.exec("rollback to savepoint rule; release savepoint rule");
    // The class of the error alone: the server's text may quote a value.
    const std::string reason = "rows of after the cleanup break it (SQLSTATE " + error.sqlstate() + ")";
    ledger.note_left(target, change.id, reason);
    result.left.push_back({change.undo, reason});
  }
}

}  // namespace

Plan cleanup_rollback_plan(pg::Session& target, const std::string& ledger_schema) {
  const SchemaChanges ledger{ledger_schema};
  Plan plan;
  if (!ledger.exist(target) || !ledger.is_prepared(target)) return plan;
  for (const SchemaChange& change : ledger.standing(target, kOfCleanups)) {
    plan.push_back({change.undo, "ACCESS EXCLUSIVE on " + change.table, "takes back: " + change.applied});
  }
  return plan;
}

CleanupRollback roll_back_cleanup(pg::Session& target, const std::string& ledger_schema, const std::string& actor,
                                  const Patience& patience, const std::stop_token& stop) {
  const SchemaChanges ledger{ledger_schema};
  CleanupRollback total;
  if (!ledger.exist(target) || !ledger.is_prepared(target)) return total;
  qualify_names(target);
  std::vector<SchemaChange> standing = ledger.standing(target, kOfCleanups);
  std::set<std::string> archives;
  for (auto begin = standing.begin(); begin != standing.end();) {
    auto end = begin;
    while (end != standing.end() && end->run == begin->run) ++end;
    CleanupRollback part;
    patiently(target, "taking back the cleanup of " + begin->table, {}, patience, stop, [&] {
      part = {};
      for (auto change = begin; change != end; ++change) take_back(target, ledger, *change, part);
      audit(target, ledger_schema, actor, "rollback cleanup", begin->table,
            {{"statements", part.statements}, {"left", part.left.size()}});
    });
    total.statements += part.statements;
    total.left.insert(total.left.end(), part.left.begin(), part.left.end());
    for (auto change = begin; change != end; ++change) {
      if (!change->archive.empty()) archives.insert(change->archive);
    }
    begin = end;
  }
  total.archives.assign(archives.begin(), archives.end());
  return total;
}

}  // namespace cutover
