#pragma once

#include <string_view>

/// How the target's catalog tells how an object was made. All want search_path = pg_catalog, so that every name comes out qualified.
namespace cutover::definition_sql {

/// $1 oid of a view or materialized view: its query; its options; whether it is filled; owner, quoted, NULL when that is this role; comment, quoted.
inline constexpr std::string_view kView = R"sql(
select pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';'), pg_catalog.array_to_string(c.reloptions, ', '), c.relispopulated,
  case when c.relowner <> current_user::regrole then pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) end,
  pg_catalog.quote_literal(pg_catalog.obj_description(c.oid, 'pg_class'))
from pg_catalog.pg_class c where c.oid = $1::oid)sql";

/// Rights that others than the owner have, each as a privilege, a quoted role, and whether it may be passed on. $1 oid.
inline constexpr std::string_view kRelationRights = R"sql(
select x.privilege_type, case x.grantee when 0 then 'PUBLIC' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) end, x.is_grantable
from pg_catalog.pg_class c cross join lateral pg_catalog.aclexplode(c.relacl) x where c.oid = $1::oid and x.grantee <> c.relowner order by 2, 1)sql";
inline constexpr std::string_view kFunctionRights = R"sql(
select x.privilege_type, case x.grantee when 0 then 'PUBLIC' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) end, x.is_grantable
from pg_catalog.pg_proc p cross join lateral pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) x
where p.oid = $1::oid and x.grantee <> p.proowner order by 2, 1)sql";
/// The same of columns of a relation, with the column's quoted name last. $2 text[]: names; NULL: all of them.
inline constexpr std::string_view kColumnRights = R"sql(
select x.privilege_type, case x.grantee when 0 then 'PUBLIC' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) end, x.is_grantable,
  pg_catalog.quote_ident(a.attname)
from pg_catalog.pg_attribute a cross join lateral pg_catalog.aclexplode(a.attacl) x
where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped and ($2::text[] is null or a.attname = any ($2::text[]))
order by a.attnum, 2, 1)sql";
/// Quoted names and comments of columns of a relation.
inline constexpr std::string_view kColumnComments = R"sql(
select pg_catalog.quote_ident(a.attname), pg_catalog.quote_literal(pg_catalog.col_description(a.attrelid, a.attnum))
from pg_catalog.pg_attribute a
where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped and ($2::text[] is null or a.attname = any ($2::text[]))
  and pg_catalog.col_description(a.attrelid, a.attnum) is not null
order by a.attnum)sql";

/// Columns $2 (text[]) of the table $1 (oid), in order: name; type; collation, quoted, where it is not the type's; default or generating expression;
/// 's' when generated; 'a' or 'd' of an identity; NOT NULL; storage, where it is not the type's; statistics target, where it was set; options;
/// part of the primary key; inherited from a parent; number.
inline constexpr std::string_view kColumns = R"sql(
select a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
  case when a.attcollation <> 0 and a.attcollation <> t.typcollation then
    (select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.collname)
     from pg_catalog.pg_collation o join pg_catalog.pg_namespace n on n.oid = o.collnamespace where o.oid = a.attcollation) end,
  pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attgenerated, a.attidentity, a.attnotnull,
  case when a.attstorage <> t.typstorage then case a.attstorage when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'x' then 'EXTENDED' else 'MAIN' end end,
  case when a.attstattarget >= 0 then a.attstattarget end,
  pg_catalog.array_to_string(a.attoptions, ', '),
  exists (select from pg_catalog.pg_constraint k where k.conrelid = a.attrelid and k.contype = 'p' and a.attnum = any (k.conkey)),
  a.attinhcount > 0 or exists (select from pg_catalog.pg_partitioned_table p where p.partrelid = a.attrelid and a.attnum = any (p.partattrs::int2[])),
  a.attnum
from pg_catalog.pg_attribute a
join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped and a.attname = any ($2::text[])
order by a.attnum)sql";

/// Sequences that belong to columns of a table: quoted name of the sequence, quoted name of the column, whether it is an identity's; and what they
/// were made with. $1 oid, $2 text[]: columns.
inline constexpr std::string_view kSequences = R"sql(
select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), pg_catalog.quote_ident(a.attname), a.attidentity,
  pg_catalog.format('START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s %s', s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
    case when s.seqcycle then 'CYCLE' else 'NO CYCLE' end)
from pg_catalog.pg_depend d join pg_catalog.pg_class c on c.oid = d.objid and c.relkind = 'S'
join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_sequence s on s.seqrelid = c.oid
join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
  and d.refobjid = $1::oid and a.attname = any ($2::text[])
order by 1)sql";

/// Statistics targets that were set of the columns of an index or a materialized view. $1 oid: number, quoted name, target.
inline constexpr std::string_view kStatisticsTargets = R"sql(
select a.attnum, pg_catalog.quote_ident(a.attname), a.attstattarget from pg_catalog.pg_attribute a
where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped and a.attstattarget >= 0
order by a.attnum)sql";
inline constexpr std::string_view kIndex = R"sql(
select pg_catalog.pg_get_indexdef(i.indexrelid), pg_catalog.quote_literal(pg_catalog.obj_description(i.indexrelid, 'pg_class')), i.indisreplident, i.indisclustered,
  pg_catalog.quote_ident(c.relname)
from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid where i.indexrelid = $1::oid)sql";
inline constexpr std::string_view kConstraint = R"sql(
select pg_catalog.pg_get_constraintdef(k.oid), pg_catalog.quote_literal(pg_catalog.obj_description(k.oid, 'pg_constraint')),
  coalesce(i.indisreplident, false), coalesce(i.indisclustered, false), pg_catalog.quote_ident(c.relname)
from pg_catalog.pg_constraint k left join pg_catalog.pg_index i on i.indexrelid = k.conindid and k.contype in ('u', 'p', 'x')
left join pg_catalog.pg_class c on c.oid = i.indexrelid where k.oid = $1::oid)sql";
inline constexpr std::string_view kPolicy = R"sql(
select case when p.polpermissive then 'PERMISSIVE' else 'RESTRICTIVE' end,
  case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE' else 'ALL' end,
  (select pg_catalog.string_agg(case r when 0 then 'PUBLIC' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r)) end, ', ') from unnest(p.polroles) as r),
  pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid),
  pg_catalog.quote_literal(pg_catalog.obj_description(p.oid, 'pg_policy'))
from pg_catalog.pg_policy p where p.oid = $1::oid)sql";
inline constexpr std::string_view kTrigger = R"sql(
select pg_catalog.pg_get_triggerdef(t.oid), case t.tgenabled when 'D' then 'DISABLE' when 'A' then 'ENABLE ALWAYS' when 'R' then 'ENABLE REPLICA' end,
  pg_catalog.quote_literal(pg_catalog.obj_description(t.oid, 'pg_trigger'))
from pg_catalog.pg_trigger t where t.oid = $1::oid)sql";
inline constexpr std::string_view kRule = R"sql(
select pg_catalog.rtrim(pg_catalog.pg_get_ruledef(r.oid), ';'),
  case r.ev_enabled when 'D' then 'DISABLE' when 'A' then 'ENABLE ALWAYS' when 'R' then 'ENABLE REPLICA' end,
  pg_catalog.quote_literal(pg_catalog.obj_description(r.oid, 'pg_rewrite'))
from pg_catalog.pg_rewrite r where r.oid = $1::oid)sql";
inline constexpr std::string_view kDefault = R"sql(
select pg_catalog.pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_attrdef d where d.oid = $1::oid)sql";
inline constexpr std::string_view kFunction = R"sql(
select pg_catalog.rtrim(pg_catalog.pg_get_functiondef(p.oid), E'\n'), p.oid::regprocedure::text, case p.prokind when 'p' then 'PROCEDURE' else 'FUNCTION' end,
  case when p.proowner <> current_user::regrole then pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.proowner)) end,
  pg_catalog.quote_literal(pg_catalog.obj_description(p.oid, 'pg_proc'))
from pg_catalog.pg_proc p where p.oid = $1::oid)sql";
inline constexpr std::string_view kStatistics = R"sql(
select pg_catalog.pg_get_statisticsobjdef(s.oid), pg_catalog.quote_literal(pg_catalog.obj_description(s.oid, 'pg_statistic_ext')),
  case when (pg_catalog.to_jsonb(s) ->> 'stxstattarget')::int >= 0 then pg_catalog.to_jsonb(s) ->> 'stxstattarget' end
from pg_catalog.pg_statistic_ext s where s.oid = $1::oid)sql";
/// $1 oid of pg_publication_rel (15 and later; before, no publication hangs on a column).
inline constexpr std::string_view kPublication = R"sql(
select (select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum) from pg_catalog.pg_attribute a
        where a.attrelid = r.prrelid and a.attnum = any (r.prattrs::int2[])), pg_catalog.pg_get_expr(r.prqual, r.prrelid)
from pg_catalog.pg_publication_rel r where r.oid = $1::oid)sql";
/// The columns of the primary key of the table $1 (oid), in order.
inline constexpr std::string_view kPrimaryKey = R"sql(
select a.attname from pg_catalog.pg_constraint k cross join lateral unnest(k.conkey) with ordinality as x(n, i)
join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.n
where k.conrelid = $1::oid and k.contype = 'p' order by x.i)sql";

}  // namespace cutover::definition_sql
