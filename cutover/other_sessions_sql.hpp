#pragma once

#include <string_view>

/// Sessions of others on the source. Works on PostgreSQL 10 and later.
namespace cutover::other_sessions_sql {

/// Goes before each of the following. Not the agent's own sessions, not walsenders, which do not write. Of sessions whose role it may not see,
/// PostgreSQL tells the pid, the role and little else.
inline constexpr std::string_view kOthers = R"sql(
with others as (
  select a.pid, a.usesysid, a.usename, coalesce(a.application_name, '') as application_name, a.backend_start, a.backend_xid, a.state_change,
         a.backend_start is null as is_hidden,
         coalesce(m.rolsuper or (not r.rolsuper and (pg_catalog.pg_has_role(r.oid, 'USAGE')
                                                     or pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'))), false) as may_end,
         'pid ' || a.pid || ' (' || coalesce(a.usename, '?') || ', ' || coalesce(a.application_name, '') || ')' as name
  from pg_catalog.pg_stat_activity a
  join pg_catalog.pg_roles m on m.rolname = current_user
  left join pg_catalog.pg_roles r on r.oid = a.usesysid
  where a.datname = pg_catalog.current_database() and a.usesysid is not null
    and coalesce(a.backend_type, 'client backend') = 'client backend' and a.pid <> pg_catalog.pg_backend_pid()
    and not exists (select from pg_catalog.pg_stat_replication w where w.pid = a.pid)
    and not (a.usename = current_user and a.application_name like 'dispatch-sync/%')))sql";

/// The roles whose sessions cannot be ended, or not be told from those that began later.
inline constexpr std::string_view kBeyondReach = R"sql(
select pg_catalog.string_agg(distinct o.usename, ', ') from others o where o.is_hidden or not o.may_end)sql";

/// Ends what is left of the sessions that began before $1, as far as this role may, and names them; with $2 only those that it may end, and is able to see.
inline constexpr std::string_view kEnd = R"sql(
select o.name, case when o.may_end then pg_catalog.pg_terminate_backend(o.pid) end from others o
where (o.backend_start < $1::timestamptz or o.is_hidden) and (not $2::boolean or (o.may_end and not o.is_hidden)))sql";

/// Transactions that are open: what tells each from all others, whose it is, whether it may be ended.
inline constexpr std::string_view kTransactions = R"sql(
select o.pid || ' ' || l.virtualxid, o.name, o.may_end, o.pid from others o join pg_catalog.pg_locks l on l.pid = o.pid
where l.locktype = 'virtualxid' and l.mode = 'ExclusiveLock' and l.granted and l.virtualxid = l.virtualtransaction)sql";

/// Those of roles that may write to one of the tables whose names $1 has, and that began before $2 (all, when it is NULL).
inline constexpr std::string_view kWriters = R"sql(
select o.name from others o join pg_catalog.pg_roles r on r.oid = o.usesysid
where ($2::timestamptz is null or o.is_hidden or o.backend_start < $2::timestamptz)
  and exists (select from pg_catalog.unnest($1::text[]) t(name)
              where pg_catalog.has_table_privilege(r.oid, t.name, 'INSERT, UPDATE, DELETE, TRUNCATE')
                or pg_catalog.has_any_column_privilege(r.oid, t.name, 'INSERT, UPDATE')))sql";

/// Behind revoke_fence_sql::kTables: transactions of others that may have written to one of the tables, by the locks that are held until the end. Of a prepared
/// one there is no session.
inline constexpr std::string_view kOpenWrites = R"sql(
select pg_catalog.string_agg(x.name, ', ')
from (select distinct coalesce('pid ' || l.pid || ' (' || coalesce(a.usename, '?') || ', ' || coalesce(a.application_name, '') || ')',
                               'a prepared transaction') || ' on ' || t.name as name
      from pg_catalog.pg_locks l join tables t on t.oid = l.relation left join pg_catalog.pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'relation' and l.granted
        and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
        and l.mode in ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        and not coalesce(a.usename = current_user and a.application_name like 'dispatch-sync/%', false)
      order by 1 limit 5) x)sql";

/// Most telling first: those that have a transaction that writes.
inline constexpr std::string_view kNames = R"sql(
select pg_catalog.string_agg(x.name, ', ')
from (select o.name from others o order by o.backend_xid is null, o.state_change desc nulls last limit 5) x)sql";

}  // namespace cutover::other_sessions_sql
