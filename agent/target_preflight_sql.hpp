#pragma once

#include <string_view>

/// What the preflight asks the target. Lower case, pg_catalog-qualified.
namespace agent::target_preflight_sql {

/// One row: the server, and the role. $1 the ledger's schema.
inline constexpr std::string_view kServer = R"sql(
select pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool,
       current_user,
       pg_catalog.pg_backend_pid(),
       pg_catalog.current_setting('server_encoding'),
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
       pg_catalog.current_database(),
       (select pg_catalog.pg_has_role(n.nspowner, 'USAGE') from pg_catalog.pg_namespace n where n.nspname = $1),
       (select pg_catalog.pg_get_userbyid(n.nspowner) from pg_catalog.pg_namespace n where n.nspname = $1)
)sql";

/// Rights of this role on the tables whose oids are $1: name, usage of the schema, select, insert, update, delete, whether policies
/// apply to this role, and whether that is because the owner is forced.
inline constexpr std::string_view kTables = R"sql(
select n.nspname, c.relname,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
       pg_catalog.has_table_privilege(c.oid, 'SELECT'),
       pg_catalog.has_table_privilege(c.oid, 'INSERT'),
       pg_catalog.has_table_privilege(c.oid, 'UPDATE'),
       pg_catalog.has_table_privilege(c.oid, 'DELETE'),
       pg_catalog.row_security_active(c.oid),
       c.relforcerowsecurity and pg_catalog.pg_has_role(c.relowner, 'USAGE')
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = any ($1::pg_catalog.oid[])
order by 1, 2
)sql";

/// Enabled user triggers of the tables whose oids are $1: table, trigger, pg_trigger.tgenabled (O origin, R replica, A always),
/// whether it is a BEFORE ROW trigger of INSERT or UPDATE, which can change what is written.
inline constexpr std::string_view kTriggers = R"sql(
select n.nspname, c.relname, t.tgname, t.tgenabled::pg_catalog.text,
       (t.tgtype & 3) = 3 and (t.tgtype & 20) <> 0
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = any ($1::pg_catalog.oid[]) and not t.tgisinternal and t.tgenabled <> 'D'
order by 1, 2, 3
)sql";

/// Deferrable constraints of the tables $1.$2 (arrays), and of their partitions, that are checked by triggers of their own: table, constraint,
/// its definition as it would be if it were not deferrable, and whether it waits for COMMIT.
inline constexpr std::string_view kDeferrable = R"sql(
with written as (
  select c.oid
  from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) as w (nspname, relname)
  join pg_catalog.pg_namespace n on n.nspname = w.nspname
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.relname
)
select n.nspname, c.relname, k.conname,
       pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' DEFERRABLE( INITIALLY DEFERRED)?$', ''),
       k.condeferred
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where k.condeferrable and k.contype in ('p', 'u', 'x') and k.conparentid = 0
  and c.oid in (select w.oid from written w
                union all
                select t.relid from written w, pg_catalog.pg_partition_tree(w.oid) t)
order by 1, 2, 3
)sql";

}  // namespace agent::target_preflight_sql
