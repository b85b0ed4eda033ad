#pragma once

#include <string_view>

/// Statements on the ledger's quarantine table. `{schema}` stands for the quoted ledger schema; arrays of arrays travel as texts.
namespace apply::quarantine_sql {

/// Resolved lines with resolution 'discarded' are acceptances that are in force: of a refused row as it was then (op upsert), of a parked row
/// (op park), of a target row that is not let go (op delete). What ends one is appended: 'discarded, then applied'.

/// $1 routes, $2 keys, $3 categories, $4 SQLSTATEs, $5 messages, $6 remedies, $7 column names, $8 column values, $9 LSN
/// A row that was accepted as it is stays so; one that has changed since is reported anew.
inline constexpr std::string_view kRefuse = R"sql(
with x as materialized (
  select u.route, u.key, u.category, nullif(u.state, '') as state, u.message, nullif(u.remedy, '') as remedy,
    pg_catalog.jsonb_object(u.names::text[], u.vals::text[]) as image
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
    as u(route, key, category, state, message, remedy, names, vals)
), kept as (
  update {schema}.quarantine as q set error_category = x.category, sqlstate = x.state, message = x.message, remedy = x.remedy,
    attempts = q.attempts + 1, last_seen = pg_catalog.now()
  from x where q.route = x.route and q.legacy_key = x.key and q.resolution = 'discarded' and q.op = 'upsert' and q.row = x.image
  returning q.route, q.legacy_key
), ended as (
  update {schema}.quarantine as q set resolution = 'discarded, then refused'
  from x where q.route = x.route and q.legacy_key = x.key and q.resolution = 'discarded'
    and (q.op = 'park' or q.op = 'upsert' and q.row is distinct from x.image)
)
insert into {schema}.quarantine as q (route, legacy_key, op, error_category, sqlstate, message, remedy, row, lsn)
select x.route, x.key, 'upsert', x.category, x.state, x.message, x.remedy, x.image, nullif($9, '0/0')::pg_catalog.pg_lsn
from x where not exists (select from kept where kept.route = x.route and kept.legacy_key = x.key)
on conflict (route, legacy_key) where resolved_at is null and op <> 'delete' do update set
  error_category = excluded.error_category, sqlstate = excluded.sqlstate, message = excluded.message, remedy = excluded.remedy,
  row = excluded.row, lsn = excluded.lsn, attempts = q.attempts + 1, last_seen = pg_catalog.now())sql";

/// The source changed rows that stay behind their quarantine. $1 routes, $2 keys, $3 column names, $4 column values, $5 LSN
inline constexpr std::string_view kRenewRefused = R"sql(
update {schema}.quarantine as q set row = pg_catalog.jsonb_object(x.names::text[], x.vals::text[]),
  lsn = nullif($5, '0/0')::pg_catalog.pg_lsn, last_seen = pg_catalog.now()
from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as x(route, key, names, vals)
where q.route = x.route and q.legacy_key = x.key and q.resolved_at is null and q.op <> 'delete')sql";

/// $1 routes, $2 keys, $3 what became of them
inline constexpr std::string_view kResolve = R"sql(
with x as materialized (
  select u.route, u.key, u.how from unnest($1::text[], $2::text[], $3::text[]) as u(route, key, how)
), ended as (
  update {schema}.quarantine as q set resolution = 'discarded, then ' || x.how
  from x where q.route = x.route and q.legacy_key = x.key and q.resolution = 'discarded' and q.op <> 'delete'
)
update {schema}.quarantine as q set resolved_at = pg_catalog.now(), resolution = x.how
from x where q.route = x.route and q.legacy_key = x.key and q.resolved_at is null and q.op <> 'delete')sql";

/// A target row that is not meant any more stays. $1 to $6 as in kRefuse, $7 its key columns, $8 its key, $9 LSN
inline constexpr std::string_view kCannotRemove = R"sql(
insert into {schema}.quarantine as q (route, legacy_key, op, error_category, sqlstate, message, remedy, row, lsn, target_key)
select x.route, x.key, 'delete', x.category, nullif(x.state, ''), x.message, nullif(x.remedy, ''),
  pg_catalog.jsonb_object(x.names::text[], x.vals::text[]), nullif($9, '0/0')::pg_catalog.pg_lsn, x.vals::text[]
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
  as x(route, key, category, state, message, remedy, names, vals)
on conflict (route, target_key) where resolved_at is null and op = 'delete' do update set
  legacy_key = excluded.legacy_key, error_category = excluded.error_category, sqlstate = excluded.sqlstate, message = excluded.message,
  remedy = excluded.remedy, lsn = excluded.lsn, attempts = q.attempts + 1, last_seen = pg_catalog.now())sql";

/// Such target rows are gone, or meant again. $1 routes, $2 their keys
inline constexpr std::string_view kRelease = R"sql(
update {schema}.quarantine as q set resolved_at = pg_catalog.now(), resolution = 'settled'
from unnest($1::text[], $2::text[]) as x(route, target_key)
where q.route = x.route and q.target_key = x.target_key::text[] and q.resolved_at is null and q.op = 'delete')sql";

/// $1 after and $2 up to which number, $3 how many
inline constexpr std::string_view kReadRefused = R"sql(
select id, route, legacy_key from {schema}.quarantine
where resolved_at is null and op <> 'delete' and id > $1::pg_catalog.int8 and id <= $2::pg_catalog.int8
order by id limit $3::pg_catalog.int8)sql";

/// Rows that were given up are still refused, until the source changes or drops them.
inline constexpr std::string_view kReadRefusedOrDiscarded = R"sql(
select id, route, legacy_key from {schema}.quarantine
where (resolved_at is null or resolution = 'discarded') and op = 'upsert' and id > $1::pg_catalog.int8 and id <= $2::pg_catalog.int8
order by id limit $3::pg_catalog.int8)sql";

/// $1 route, $2 after and $3 up to which number, $4 keys (NULL: all), $5 how many. A row that was given up is read when it is named.
inline constexpr std::string_view kReadRefusedPage = R"sql(
select id, legacy_key from {schema}.quarantine
where (resolved_at is null or resolution = 'discarded' and $4::text[] is not null) and op = 'upsert' and route = $1 and id > $2::pg_catalog.int8 and id <= $3::pg_catalog.int8
  and ($4::text[] is null or legacy_key = any ($4::text[]))
order by id limit $5::pg_catalog.int8)sql";

inline constexpr std::string_view kReadUnremovedPage = R"sql(
select id, legacy_key, target_key[1], target_key[2], target_key[3], target_key[4], target_key[5], target_key[6], target_key[7], target_key[8]
from {schema}.quarantine
where resolved_at is null and op = 'delete' and route = $1 and id > $2::pg_catalog.int8 and id <= $3::pg_catalog.int8
  and ($4::text[] is null or legacy_key = any ($4::text[]))
order by id limit $5::pg_catalog.int8)sql";

/// $1 routes, $2 keys, $3 column names, $4 column values, $5 who, $6 why
inline constexpr std::string_view kAcceptParked = R"sql(
insert into {schema}.quarantine (route, legacy_key, op, error_category, message, remedy, row, resolved_at, resolution, actor, reason)
select x.route, x.key, 'park', 'missing_reference', 'the row that it refers to is not on the target',
  'bring the missing parent; the row is derived again as soon as it is there',
  pg_catalog.jsonb_object(x.names::text[], x.vals::text[]), pg_catalog.now(), 'discarded', $5, $6
from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as x(route, key, names, vals)
where not exists (select from {schema}.quarantine q
                  where q.route = x.route and q.legacy_key = x.key and q.resolution = 'discarded' and q.op = 'park'))sql";

/// $1 route, $2 keys: those of refused rows that were given up
inline constexpr std::string_view kReadAccepted = R"sql(
select distinct legacy_key from {schema}.quarantine
where resolution = 'discarded' and op = 'upsert' and route = $1 and legacy_key = any ($2::text[]))sql";

inline constexpr std::string_view kCountAccepted = R"sql(
select route, pg_catalog.count(*) filter (where op = 'upsert'), pg_catalog.count(*) filter (where op = 'park')
from {schema}.quarantine where resolution = 'discarded' group by route)sql";

inline constexpr std::string_view kNewest = "select coalesce(pg_catalog.max(id), 0) from {schema}.quarantine";

inline constexpr std::string_view kCountUnremoved =
    "select route, pg_catalog.count(*) from {schema}.quarantine where resolved_at is null and op = 'delete' group by "
    "route";

}  // namespace apply::quarantine_sql
