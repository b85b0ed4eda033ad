#include "cutover/settle_rights.hpp"

#include <fmt/format.h>

#include <string_view>

#include "pg/quoting.hpp"

namespace cutover {

namespace {

/// `{}`: one more right to ANALYZE, from the version on that has it. Table $1: whether this role is its owner; whether it may ANALYZE it.
constexpr std::string_view kOfTable = R"sql(
select pg_catalog.pg_has_role(c.relowner, 'USAGE'),
       pg_catalog.pg_has_role(c.relowner, 'USAGE') or pg_catalog.pg_has_role(d.datdba, 'USAGE'){}
from pg_catalog.pg_class c join pg_catalog.pg_database d on d.datname = pg_catalog.current_database()
where c.oid = $1::pg_catalog.regclass)sql";
constexpr std::string_view kMaintain = " or pg_catalog.has_table_privilege(c.oid, 'MAINTAIN')";
constexpr int kHasMaintain = 170000;

/// Sequence $1 (quoted name): whether this role may read it and move it.
constexpr std::string_view kOfSequence = R"sql(
select pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_sequence_privilege(c.oid, 'SELECT')
   and pg_catalog.has_sequence_privilege(c.oid, 'UPDATE')
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'S' and pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) = $1)sql";

}  // namespace

SettleRights settle_rights(pg::Session& target, const core::QualifiedName& table,
                           const std::vector<Sequence>& sequences, bool alters) {
  const std::string relation = pg::quote_name(table);
  const std::string sql = fmt::format(kOfTable, target.server_version() >= kHasMaintain ? kMaintain : "");
  const pg::Result rights = target.exec(sql, {std::string_view{relation}});
  SettleRights result{.missing = {}, .may_analyze = rights.is_true(0, 1)};
  if (alters && !rights.is_true(0, 0)) result.missing.push_back("ownership of table " + table.display());
  for (const Sequence& sequence : sequences) {
    if (!target.exec(kOfSequence, {std::string_view{sequence.name}}).is_true(0, 0))
      result.missing.push_back("SELECT and UPDATE on sequence " + sequence.name);
  }
  return result;
}

}  // namespace cutover
