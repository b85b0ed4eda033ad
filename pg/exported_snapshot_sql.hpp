#pragma once

namespace pg::sql {

/// Whom the creation of a slot by backend $1 waits for, as one text. Facts of other users' sessions that the role may not see are
/// left out.
inline constexpr const char* kSlotCreationBlocker = R"(
select pg_catalog.concat_ws(', ',
         'pid ' || a.pid,
         'user ' || a.usename,
         'database ' || a.datname,
         'application ' || nullif(a.application_name, ''),
         a.state || coalesce(' since ' || pg_catalog.date_trunc('second', a.xact_start), ''))
from pg_catalog.unnest(pg_catalog.pg_blocking_pids($1::pg_catalog.int4)) as blocking(pid)
join pg_catalog.pg_stat_activity a on a.pid = blocking.pid
order by a.xact_start nulls last
limit 1)";

/// Prepared transactions hold a slot's creation up as well, without a process that could be named.
inline constexpr const char* kOldestPreparedTransaction = R"(
select 'prepared transaction of user ' || owner || ' since ' || pg_catalog.date_trunc('second', prepared)
from pg_catalog.pg_prepared_xacts
order by prepared
limit 1)";

inline constexpr const char* kSlotExists = "select 1 from pg_catalog.pg_replication_slots where slot_name = $1";

inline constexpr const char* kDropSlot = "select pg_catalog.pg_drop_replication_slot($1)";

}  // namespace pg::sql
