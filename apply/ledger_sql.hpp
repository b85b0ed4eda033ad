#pragma once

#include <string_view>

/// The ledger's tables on the target. `{schema}` stands for the quoted ledger schema.
namespace apply::ledger_sql {

inline constexpr std::string_view kCreate = R"sql(
create schema if not exists {schema};
revoke all on schema {schema} from public;
create table if not exists {schema}.checkpoint (
  slot text primary key,
  source_system_id text not null,
  source_timeline integer not null,
  source_database text not null,
  applied_lsn pg_catalog.pg_lsn not null,
  consistent_point pg_catalog.pg_lsn not null,
  counters pg_catalog.jsonb not null default '{{}}',
  updated_at timestamptz not null default now());
alter table {schema}.checkpoint add column if not exists source_mark pg_catalog.jsonb;
alter table {schema}.checkpoint add column if not exists mapping pg_catalog.jsonb;
alter table {schema}.checkpoint add column if not exists owner pg_catalog.jsonb;
create table if not exists {schema}.stored_mappings (
  entity text not null,
  legacy_key text not null,
  uuid uuid not null,
  adopted boolean not null default false,
  primary key (entity, legacy_key));
create table if not exists {schema}.remembered_keys (
  route text not null,
  legacy_key text not null,
  target_key text[] not null,
  primary key (route, legacy_key, target_key));
create table if not exists {schema}.found_routes (
  route text primary key,
  rows bigint not null,
  at timestamptz not null default now());
create table if not exists {schema}.found_rows (
  route text not null,
  target_key text[] not null,
  primary key (route, target_key));
alter table {schema}.found_rows add column if not exists held pg_catalog.jsonb;
create table if not exists {schema}.migration_control (
  run text not null,
  phase text not null,
  route text not null default '',
  status text not null,
  records_total bigint,
  records_processed bigint,
  records_failed bigint,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  detail pg_catalog.jsonb not null default '{{}}',
  primary key (run, phase, route));
create table if not exists {schema}.quarantine (
  id bigint generated always as identity primary key,
  route text not null,
  legacy_key text not null,
  op text not null,
  error_category text not null,
  sqlstate text,
  message text not null,
  remedy text,
  row pg_catalog.jsonb,
  lsn pg_catalog.pg_lsn,
  target_key text[],
  attempts integer not null default 1,
  first_seen timestamptz not null default now(),
  last_seen timestamptz not null default now(),
  resolved_at timestamptz,
  resolution text,
  actor text,
  reason text);
create unique index if not exists quarantine_refused on {schema}.quarantine (route, legacy_key) where resolved_at is null and op <> 'delete';
create unique index if not exists quarantine_unremoved on {schema}.quarantine (route, target_key) where resolved_at is null and op = 'delete';
create index if not exists quarantine_accepted on {schema}.quarantine (route, legacy_key) where resolution = 'discarded';
create table if not exists {schema}.audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  command text not null,
  phase text,
  detail pg_catalog.jsonb not null default '{{}}');
create table if not exists {schema}.schema_changes (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  target_table text not null,
  applied_sql text not null,
  undo_sql text not null,
  archive_table text,
  status text not null);
)sql";

/// $1: quoted name of migration_mappings
inline constexpr std::string_view kIsTable = R"sql(
select exists (select from pg_catalog.pg_class where oid = pg_catalog.to_regclass($1) and relkind = 'r'))sql";

/// Nobody else may use it: the platform grants new tables to its API roles by default privileges.
inline constexpr std::string_view kClose = R"sql(
do $$
declare
  t regclass;
  r regrole;
begin
  for t in select c.oid::regclass from pg_catalog.pg_class c
           where c.relnamespace = {schema_literal}::regnamespace and c.relkind in ('r', 'v', 'S') loop
    execute format('revoke all on %s from public', t);
    for r in select rolname::regrole from pg_catalog.pg_roles where rolname in ('anon', 'authenticated', 'service_role', 'authenticator') loop
      execute format('revoke all on %s from %s', t, r);
    end loop;
  end loop;
  for t in select c.oid::regclass from pg_catalog.pg_class c
           where c.relnamespace = {schema_literal}::regnamespace and c.relkind = 'r' and not c.relrowsecurity loop
    execute format('alter table %s enable row level security', t);
  end loop;
end $$;
)sql";

/// By way of the whole row: a ledger that an older agent made has no such column until the next start adds it.
inline constexpr std::string_view kReadCheckpoint = R"sql(
select source_system_id, source_timeline, source_database, applied_lsn, consistent_point, pg_catalog.to_jsonb(c) ->> 'source_mark',
  pg_catalog.to_jsonb(c) ->> 'mapping', greatest(0, extract(epoch from pg_catalog.clock_timestamp() - c.updated_at))::float8,
  o ->> 'run', o ->> 'token', o ->> 'host', o ->> 'pid', o ->> 'since', o ->> 'directory'
from {schema}.checkpoint c cross join lateral (select pg_catalog.to_jsonb(c) -> 'owner') as x(o) where slot = $1)sql";

/// `{slot}`: a quoted literal; `{lock}`: update or share; `{columns}`: what is read of the row.
inline constexpr std::string_view kLockCheckpoint = R"sql(
begin; select {columns} from {schema}.checkpoint where slot = {slot} for {lock})sql";

/// The second is for a process that has taken the row: a ledger that an older agent made has no such column.
inline constexpr std::string_view kLockedPosition = "applied_lsn";
inline constexpr std::string_view kLockedOwner =
    "applied_lsn, owner ->> 'run', owner ->> 'token', owner ->> 'host', owner ->> 'pid', owner ->> 'since', owner ->> "
    "'directory'";

/// For share: whoever takes the row waits until the transaction has ended.
inline constexpr std::string_view kReadOwner = R"sql(
select applied_lsn, owner ->> 'run', owner ->> 'token', owner ->> 'host', owner ->> 'pid', owner ->> 'since', owner ->> 'directory'
from {schema}.checkpoint where slot = $1 for share)sql";

/// Only as it was when it was looked at: $6 the position, $7 the owner's token, empty for none.
inline constexpr std::string_view kTakeCheckpoint = R"sql(
update {schema}.checkpoint
set owner = pg_catalog.jsonb_build_object('run', $2::text, 'token', $3::text, 'host', $4::text, 'pid', $5::text, 'since', pg_catalog.now(),
  'directory', $8::text)
where slot = $1 and applied_lsn = $6::pg_catalog.pg_lsn and coalesce(owner ->> 'token', '') = $7)sql";

inline constexpr std::string_view kCreateCheckpoint = R"sql(
insert into {schema}.checkpoint as c (slot, source_system_id, source_timeline, source_database, applied_lsn, consistent_point,
  source_mark)
values ($1, $2, $3::integer, $4, $5::pg_catalog.pg_lsn, $5::pg_catalog.pg_lsn, nullif($6, '')::pg_catalog.jsonb)
on conflict (slot) do update set source_system_id = excluded.source_system_id, source_timeline = excluded.source_timeline,
  source_database = excluded.source_database, applied_lsn = excluded.applied_lsn, consistent_point = excluded.consistent_point,
  source_mark = excluded.source_mark, updated_at = pg_catalog.now())sql";

inline constexpr std::string_view kNoteMapping = R"sql(
update {schema}.checkpoint set mapping = $2::pg_catalog.jsonb where slot = $1 and ($3 = '' or owner ->> 'token' = $3))sql";

inline constexpr std::string_view kNoteSource = R"sql(
update {schema}.checkpoint set source_timeline = $2::integer, source_mark = $3::pg_catalog.jsonb
where slot = $1 and ($4 = '' or owner ->> 'token' = $4))sql";

/// The condition makes a checkpoint that would go back fail loudly: it affects no row.
inline constexpr std::string_view kAdvanceCheckpoint = R"sql(
update {schema}.checkpoint set applied_lsn = $2::pg_catalog.pg_lsn, counters = coalesce($3::pg_catalog.jsonb, counters),
  updated_at = pg_catalog.now()
where slot = $1 and applied_lsn <= $2::pg_catalog.pg_lsn)sql";

inline constexpr std::string_view kStoreMappings = R"sql(
insert into {schema}.stored_mappings as m (entity, legacy_key, uuid, adopted)
select $1, k, u::uuid, $4::boolean from unnest($2::text[], $3::text[]) as x(k, u)
on conflict (entity, legacy_key) do update set uuid = excluded.uuid, adopted = excluded.adopted
where (m.uuid, m.adopted) is distinct from (excluded.uuid, excluded.adopted))sql";

inline constexpr std::string_view kForgetMappings = R"sql(
delete from {schema}.stored_mappings where entity = $1 and legacy_key = any ($2::text[]) and not adopted)sql";

/// $1 route, $2 legacy keys, $3 target keys, each an array literal
inline constexpr std::string_view kRememberKeys = R"sql(
insert into {schema}.remembered_keys (route, legacy_key, target_key)
select $1, k, t::text[] from unnest($2::text[], $3::text[]) as x(k, t)
on conflict (route, legacy_key, target_key) do nothing)sql";

inline constexpr std::string_view kForgetKeys = R"sql(
delete from {schema}.remembered_keys m using unnest($2::text[], $3::text[]) as x(k, t)
where m.route = $1 and m.legacy_key = x.k and m.target_key = x.t::text[])sql";

inline constexpr std::string_view kReadRemembered = R"sql(
select legacy_key, target_key[1], target_key[2], target_key[3], target_key[4], target_key[5], target_key[6], target_key[7], target_key[8]
from {schema}.remembered_keys where route = $1)sql";

/// $1 route; `{table}`, `{key}`, `{held}`: its quoted table, the text of its key columns, and what the row refers to in the columns that the route will
/// write. Once for each route: later, rows are there that the agent wrote.
inline constexpr std::string_view kNoteFound = R"sql(
insert into {schema}.found_rows (route, target_key, held)
select $1, array[{key}]::text[], {held} from {table} t
where not exists (select from {schema}.found_routes f where f.route = $1)
on conflict do nothing)sql";

inline constexpr std::string_view kNoteRouteFound = R"sql(
insert into {schema}.found_routes (route, rows) values ($1, $2::bigint) on conflict do nothing)sql";

inline constexpr std::string_view kReadAdopted = R"sql(
select legacy_key, uuid from {schema}.stored_mappings where entity = $1 and adopted)sql";

inline constexpr std::string_view kControl = R"sql(
insert into {schema}.migration_control as c (run, phase, route, status, records_total, records_processed, records_failed, finished_at, detail)
values ($1, $2, $3, $4, $5::bigint, $6::bigint, $7::bigint, case when $4 in ('done', 'failed') then pg_catalog.now() end,
  $8::pg_catalog.jsonb)
on conflict (run, phase, route) do update set status = excluded.status, records_total = excluded.records_total,
  records_processed = excluded.records_processed, records_failed = excluded.records_failed, finished_at = excluded.finished_at,
  detail = excluded.detail)sql";

}  // namespace apply::ledger_sql
