#pragma once

#include <string_view>

/// What a cutover reads and writes of the ledger. `{schema}` stands for the quoted ledger schema.
namespace cutover::journal_sql {

inline constexpr std::string_view kLastRun = R"sql(
select c.run, c.route, c.status, c.started_at, c.finished_at, c.detail
from {schema}.migration_control c
where c.phase = 'cutover' and c.run = (select l.run from {schema}.migration_control l where l.phase = 'cutover' and l.route = ''
                                       order by l.started_at desc, l.run desc limit 1))sql";

/// A step that is begun again keeps the time when it was begun first: how long writers had to wait counts from there.
inline constexpr std::string_view kWrite = R"sql(
insert into {schema}.migration_control as c (run, phase, route, status, started_at, finished_at, detail)
values ($1, 'cutover', $2, $3, pg_catalog.clock_timestamp(), case when $3 <> 'running' then pg_catalog.clock_timestamp() end, $4::pg_catalog.jsonb)
on conflict (run, phase, route) do update set status = excluded.status, finished_at = excluded.finished_at, detail = excluded.detail
returning c.started_at, c.finished_at)sql";

/// One number for a ledger, so that two agents on two ledgers of one database do not meet.
inline constexpr std::string_view kTakeTurn = R"sql(
select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, 0)))sql";

/// The session has no other lock of this kind.
inline constexpr std::string_view kHasTurn = R"sql(
select exists (select from pg_catalog.pg_locks l where l.locktype = 'advisory' and l.granted and l.pid = pg_catalog.pg_backend_pid()))sql";

/// Ends the server's process $2 where that still has the turn: of a connection that broke without the server's knowing. No row: it has not.
inline constexpr std::string_view kEndFormer = R"sql(
select pg_catalog.pg_terminate_backend(l.pid) from pg_catalog.pg_locks l
where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.pid = $2::pg_catalog.int4
  and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  and (l.classid::pg_catalog.int8 << 32) | l.objid::pg_catalog.int8 = pg_catalog.hashtextextended($1, 0))sql";

}  // namespace cutover::journal_sql
