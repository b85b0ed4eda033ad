#include "agent/ledger_query.hpp"

#include "core/relation.hpp"
#include "pg/quoting.hpp"

namespace agent {

std::string ledger_table(const std::string& schema, std::string_view table) {
  return pg::quote_name(core::QualifiedName{schema, std::string(table)});
}

bool has_ledger_table(pg::Session& target, const std::string& schema, std::string_view table) {
  const pg::Result result = target.exec(
      "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
      " where n.nspname = $1 and c.relname = $2)",
      {std::string_view{schema}, table});
  return result.is_true(0, 0);
}

std::string snapshot_failure(pg::Session& target, const std::string& schema) {
  if (!has_ledger_table(target, schema, "migration_control")) return {};
  const pg::Result result = target.exec("select detail ->> 'error' from " + ledger_table(schema, "migration_control") +
                                            " where phase = $1 and status = 'failed' order by finished_at desc limit 1",
                                        {std::string_view{kSnapshotPhase}});
  return result.rows() == 0 || !result.get(0, 0) ? std::string{} : result.text(0, 0);
}

std::optional<apply::Checkpoint> find_checkpoint(pg::Session& target, const std::string& schema,
                                                 const std::string& slot) {
  if (!has_ledger_table(target, schema, "checkpoint")) return std::nullopt;
  return apply::Ledger(schema, slot).read_checkpoint(target);
}

}  // namespace agent
