#include "pg/write_transactions.hpp"

namespace pg {

namespace {

constexpr const char* kWriteTransactions = R"sql(
select x.name from (
  select pg_catalog.format('pid %s (%s, %s) in database %s since %s', a.pid, a.usename, a.application_name, a.datname,
                           pg_catalog.date_trunc('second', a.xact_start)) as name, a.xact_start as since
  from pg_catalog.pg_stat_activity a where a.backend_xid is not null and a.pid <> pg_catalog.pg_backend_pid()
  union all
  select pg_catalog.format('prepared transaction %s (%s) in database %s since %s', p.transaction, p.owner, p.database,
                           pg_catalog.date_trunc('second', p.prepared)), p.prepared
  from pg_catalog.pg_prepared_xacts p) x
order by x.since)sql";

}  // namespace

std::vector<std::string> write_transactions(Session& session) {
  const Result found = session.exec(kWriteTransactions);
  std::vector<std::string> names;
  for (std::size_t row = 0; row < found.rows(); ++row) names.push_back(found.text(row, 0));
  return names;
}

}  // namespace pg
