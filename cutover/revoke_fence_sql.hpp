#pragma once

#include <string_view>

/// Who may write to the tables whose names $1 has. Works on PostgreSQL 10 and later.
namespace cutover::revoke_fence_sql {

/// Goes before each of the following: these tables and their partitions, which may be written to by their own names.
inline constexpr std::string_view kTables = R"sql(
with recursive tree(oid) as (
  select n::pg_catalog.regclass::pg_catalog.oid from pg_catalog.unnest($1::text[]) n
  union
  select i.inhrelid from pg_catalog.pg_inherits i join tree t on t.oid = i.inhparent),
tables as (
  select c.oid, c.relowner, c.relacl, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as name
  from tree t join pg_catalog.pg_class c on c.oid = t.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace),
grants as (
  select t.name, t.relowner, ''::text as column_name, a.grantee, a.grantor, a.privilege_type, a.is_grantable
  from tables t, pg_catalog.aclexplode(coalesce(t.relacl, pg_catalog.acldefault('r'::"char", t.relowner))) a
  where a.privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
  union all
  select t.name, t.relowner, pg_catalog.quote_ident(f.attname), a.grantee, a.grantor, a.privilege_type, a.is_grantable
  from tables t join pg_catalog.pg_attribute f on f.attrelid = t.oid and f.attnum > 0 and not f.attisdropped,
       pg_catalog.aclexplode(f.attacl) a
  where a.privilege_type in ('INSERT', 'UPDATE')))sql";

inline constexpr std::string_view kGrants = R"sql(
select g.name, g.column_name, g.privilege_type,
       case when g.grantee = 0 then 'PUBLIC' else pg_catalog.quote_ident(e.rolname) end, pg_catalog.quote_ident(o.rolname),
       g.grantor = g.relowner, g.is_grantable
from grants g join pg_catalog.pg_roles o on o.oid = g.grantor left join pg_catalog.pg_roles e on e.oid = g.grantee
order by 1, 2, 4, 3)sql";

/// $2: what of a role it takes to act as it. Tables that the agent's role does not own; those who granted rights on, whom it cannot act as, or who would grant as the owner today; roles that may
/// write to everything.
inline constexpr std::string_view kObstacles = R"sql(
select
  (select pg_catalog.string_agg(t.name, ', ' order by t.name) from tables t where not pg_catalog.pg_has_role(t.relowner, 'USAGE')),
  (select pg_catalog.string_agg(distinct pg_catalog.quote_ident(o.rolname) || ' on ' || g.name, ', ') from grants g
     join pg_catalog.pg_roles o on o.oid = g.grantor
   where g.grantor <> g.relowner
     and (not pg_catalog.pg_has_role(g.grantor, $2) or pg_catalog.pg_has_role(g.grantor, g.relowner, 'USAGE'))),
  (select pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' order by r.rolname) from pg_catalog.pg_roles r
     join pg_catalog.pg_roles w on w.rolname = 'pg_write_all_data'
   where r.oid <> w.oid and not r.rolsuper and pg_catalog.pg_has_role(r.oid, w.oid, 'MEMBER')))sql";

/// Roles that have a right to write to one of the tables all the same.
inline constexpr std::string_view kStillAllowed = R"sql(
select pg_catalog.string_agg(distinct pg_catalog.quote_ident(r.rolname) || ' on ' || t.name, ', ')
from pg_catalog.pg_roles r, tables t
where not r.rolsuper and r.rolname !~ '^pg_'
  and (pg_catalog.has_table_privilege(r.oid, t.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
       or pg_catalog.has_any_column_privilege(r.oid, t.oid, 'INSERT, UPDATE')))sql";

/// Roles other than the agent's that rights do not bind, or that could give themselves the rights again.
inline constexpr std::string_view kNotBound = R"sql(
select pg_catalog.string_agg(x.name, ', ')
from (select pg_catalog.quote_ident(r.rolname) || case when r.rolsuper then ' (superuser)' else ' (may grant to itself)' end as name
      from pg_catalog.pg_roles r
      where r.rolcanlogin and r.rolname <> current_user
        and (r.rolsuper or exists (select from tables t where pg_catalog.pg_has_role(r.oid, t.relowner, 'MEMBER')))
      order by r.rolname) x)sql";

/// Rights do not bind it.
inline constexpr std::string_view kIsSuperuser = R"sql(
select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user)sql";

}  // namespace cutover::revoke_fence_sql
