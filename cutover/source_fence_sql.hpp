#pragma once

#include <string_view>

/// What the fence asks the source. Works on PostgreSQL 10 and later.
namespace cutover::source_fence_sql {

/// Owner's right; roles with a writable default of their own; roles whose sessions may not be ended; prepared transactions; subscriptions.
inline constexpr std::string_view kObstacles = R"sql(
select
  (select pg_catalog.pg_has_role(d.datdba, 'USAGE') from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()),
  (select pg_catalog.string_agg(distinct s.setrole::pg_catalog.regrole::text, ', ') from pg_catalog.pg_db_role_setting s
     join pg_catalog.pg_database d on d.datname = pg_catalog.current_database() and s.setdatabase in (0, d.oid)
   where s.setrole <> 0 and exists (select from pg_catalog.unnest(s.setconfig) c
     where c like 'default_transaction_read_only=%' and pg_catalog.lower(pg_catalog.split_part(c, '=', 2)) not in ('on', 'true', 'yes', '1', 't'))),
  (select pg_catalog.string_agg(distinct r.rolname, ', ') from pg_catalog.pg_stat_activity a join pg_catalog.pg_roles r on r.oid = a.usesysid
   where a.datname = pg_catalog.current_database() and a.backend_type = 'client backend'
     and not pg_catalog.pg_has_role(r.oid, 'USAGE')
     and (r.rolsuper or not pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'))),
  (select pg_catalog.count(*) from pg_catalog.pg_prepared_xacts x where x.database = pg_catalog.current_database()),
  (select pg_catalog.string_agg(s.subname, ', ') from pg_catalog.pg_subscription s
     join pg_catalog.pg_database d on d.oid = s.subdbid where d.datname = pg_catalog.current_database() and s.subenabled))sql";

/// The database's own setting, if it has one.
inline constexpr std::string_view kCurrentSetting = R"sql(
select pg_catalog.substr(c, pg_catalog.length('default_transaction_read_only=') + 1)
from pg_catalog.pg_db_role_setting s join pg_catalog.pg_database d on d.oid = s.setdatabase, pg_catalog.unnest(s.setconfig) c
where d.datname = pg_catalog.current_database() and s.setrole = 0 and c like 'default_transaction_read_only=%')sql";

/// Ends what is left of the sessions that began before $1, and names them. Not the agent's own, and not walsenders, which do not write.
inline constexpr std::string_view kEndSessions = R"sql(
select 'pid ' || a.pid || ' (' || coalesce(a.usename, '?') || ', ' || coalesce(a.application_name, '') || ')', pg_catalog.pg_terminate_backend(a.pid)
from pg_catalog.pg_stat_activity a
where a.datname = pg_catalog.current_database() and a.backend_type = 'client backend' and a.pid <> pg_catalog.pg_backend_pid()
  and a.backend_start < $1::timestamptz
  and not (a.usename = current_user and a.application_name like 'dispatch-sync/%'))sql";

inline constexpr std::string_view kFirstColumn = R"sql(
select attname from pg_catalog.pg_attribute where attrelid = $1::pg_catalog.regclass and attnum > 0 and not attisdropped
order by attnum limit 1)sql";

/// Most telling first: those that have a transaction that writes.
inline constexpr std::string_view kOthers = R"sql(
select pg_catalog.string_agg('pid ' || x.pid || ' (' || coalesce(x.usename, '?') || ', ' || coalesce(x.application_name, '') || ')', ', ')
from (select a.pid, a.usename, a.application_name from pg_catalog.pg_stat_activity a
      where a.datname = pg_catalog.current_database() and a.backend_type = 'client backend'
        and not (a.usename = current_user and a.application_name like 'dispatch-sync/%')
      order by a.backend_xid is null, a.state_change desc nulls last limit 5) x)sql";

}  // namespace cutover::source_fence_sql
