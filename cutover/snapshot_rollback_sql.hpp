#pragma once

#include <string_view>

/// What taking back a snapshot asks the target. `{schema}` stands for the quoted ledger schema.
namespace cutover::snapshot_rollback_sql {

/// The rows that are to go, by route and by the text of their key columns: what is in it is still there. While the table exists a rollback is under way.
inline constexpr std::string_view kCreateList = R"sql(
create table if not exists {schema}.rollback_rows (route text not null, target_key text[] not null, primary key (route, target_key));
alter table {schema}.rollback_rows enable row level security)sql";

/// The types of columns of the table $1 that are named in $2 (text[]), in that order.
inline constexpr std::string_view kTypes = R"sql(
select pg_catalog.format_type(a.atttypid, null) from unnest($2::text[]) with ordinality as x(name, i)
join pg_catalog.pg_attribute a on a.attrelid = $1::pg_catalog.regclass and a.attname = x.name and not a.attisdropped order by x.i)sql";

/// $1 route, $2 how many at most.
inline constexpr std::string_view kTakeBatch = R"sql(
with taken as (delete from {schema}.rollback_rows
               where ctid = any (array(select ctid from {schema}.rollback_rows where route = $1 limit $2::bigint)) returning target_key)
insert into pg_temp.rollback_batch select target_key from taken)sql";

/// The ledger forgets the copy and keeps its history: ids of an earlier migration, quarantine, control and audit. `{slot}`: a quoted literal.
inline constexpr std::string_view kForget = R"sql(
delete from {schema}.checkpoint where slot = {slot};
delete from {schema}.stored_mappings where not adopted;
delete from {schema}.remembered_keys;
delete from {schema}.found_rows;
update {schema}.quarantine set resolved_at = pg_catalog.now(), resolution = 'rolled back' where resolved_at is null;
delete from {schema}.found_routes;
update {schema}.migration_control set status = 'rolled back', finished_at = coalesce(finished_at, pg_catalog.now()) where phase = 'snapshot';
drop table {schema}.rollback_rows)sql";

}  // namespace cutover::snapshot_rollback_sql
