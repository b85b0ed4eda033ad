#pragma once

#include <string_view>

/// How the target's catalog tells what hangs on a column. Lower case, pg_catalog-qualified.
namespace cutover::dependent_sql {

/// The going columns: the table `$1` (`"schema"."table"`) and its partitions and children, by oid and number. $2 text[]: column names.
inline constexpr std::string_view kColumns = R"sql(
with recursive family as (
  select pg_catalog.to_regclass($1)::oid as oid
  union all
  select i.inhrelid from family f join pg_catalog.pg_inherits i on i.inhparent = f.oid)
select f.oid, a.attnum from family f
join pg_catalog.pg_attribute a on a.attrelid = f.oid and a.attnum > 0 and not a.attisdropped
where a.attname = any ($2::text[]))sql";

/// What depends directly on the object $1 (class), $2 (oid), $3 (column; 0: any of it): class, oid, column, kind of dependency.
/// The rule that makes a view stands for the view, the expression of a generated column for the column; TOAST tables are nobody's business.
inline constexpr std::string_view kDirect = R"sql(
select distinct
  case when v.oid is not null or g.attnum is not null then 'pg_catalog.pg_class'::regclass::oid else d.classid end,
  coalesce(v.oid, g.attrelid, d.objid),
  case when v.oid is not null then 0 else coalesce(g.attnum, d.objsubid) end,
  d.deptype
from pg_catalog.pg_depend d
left join pg_catalog.pg_rewrite r on d.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = d.objid and r.rulename = '_RETURN'
left join pg_catalog.pg_class v on v.oid = r.ev_class
left join pg_catalog.pg_attrdef e on d.classid = 'pg_catalog.pg_attrdef'::regclass and e.oid = d.objid
left join pg_catalog.pg_attribute g on g.attrelid = e.adrelid and g.attnum = e.adnum and g.attgenerated <> ''
where d.refclassid = $1::oid and d.refobjid = $2::oid and ($3::int = 0 or d.refobjsubid = $3::int)
  and not exists (select from pg_catalog.pg_class t where d.classid = 'pg_catalog.pg_class'::regclass and t.oid = d.objid and t.relkind = 't')
order by 1, 2, 3)sql";

/// What an object is. $1 class, $2 oid, $3 column. One row: kind, schema, name, table's schema, table's name, columns of the table that it is
/// made of (int2[] as text), whether rows may break it.
inline constexpr std::string_view kIdentify = R"sql(
select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'i' then 'index' when 'I' then 'index'
         when 'S' then 'sequence' else 'table' end,
       n.nspname, c.relname, tn.nspname, t.relname,
       (select pg_catalog.array_agg(distinct d.refobjsubid::int2) from pg_catalog.pg_depend d
        where d.classid = $1::oid and d.objid = c.oid and d.refclassid = $1::oid and d.refobjid = i.indrelid),
       coalesce(i.indisunique, false), i.indrelid
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_index i on i.indexrelid = c.oid
left join pg_catalog.pg_class t on t.oid = i.indrelid left join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
where $1::oid = 'pg_catalog.pg_class'::regclass and $3::int = 0 and c.oid = $2::oid
union all
select 'generated column', null, a.attname, n.nspname, c.relname, null, false, null
from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where $1::oid = 'pg_catalog.pg_class'::regclass and $3::int > 0 and a.attrelid = $2::oid and a.attnum = $3::int and a.attgenerated <> ''
union all
select case k.contype when 'f' then 'foreign key' else 'constraint' end, null, k.conname, n.nspname, c.relname, k.conkey, true, k.conrelid
from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where $1::oid = 'pg_catalog.pg_constraint'::regclass and k.oid = $2::oid
union all
select 'policy', null, p.polname, n.nspname, c.relname, null, false, null
from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where $1::oid = 'pg_catalog.pg_policy'::regclass and p.oid = $2::oid
union all
select 'trigger', null, t.tgname, n.nspname, c.relname, null, false, null
from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where $1::oid = 'pg_catalog.pg_trigger'::regclass and t.oid = $2::oid and not t.tgisinternal
union all
select 'rule', null, r.rulename, n.nspname, c.relname, null, false, null
from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid = r.ev_class join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where $1::oid = 'pg_catalog.pg_rewrite'::regclass and r.oid = $2::oid
union all
select 'default', null, a.attname, n.nspname, c.relname, null, false, null
from pg_catalog.pg_attrdef d join pg_catalog.pg_class c on c.oid = d.adrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
where $1::oid = 'pg_catalog.pg_attrdef'::regclass and d.oid = $2::oid
union all
select 'function', n.nspname, p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')', null, null, null, false, null
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where $1::oid = 'pg_catalog.pg_proc'::regclass and p.oid = $2::oid and p.prokind in ('f', 'p')
union all
select 'statistics object', n.nspname, s.stxname, tn.nspname, t.relname,
       (select pg_catalog.array_agg(distinct d.refobjsubid::int2) from pg_catalog.pg_depend d
        where d.classid = $1::oid and d.objid = s.oid and d.refclassid = 'pg_catalog.pg_class'::regclass), false, s.stxrelid
from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
join pg_catalog.pg_class t on t.oid = s.stxrelid join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
where $1::oid = 'pg_catalog.pg_statistic_ext'::regclass and s.oid = $2::oid
union all
select 'publication', null, p.pubname, n.nspname, c.relname, null, false, null
from pg_catalog.pg_publication_rel r join pg_catalog.pg_publication p on p.oid = r.prpubid
join pg_catalog.pg_class c on c.oid = r.prrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where $1::oid = 'pg_catalog.pg_publication_rel'::regclass and r.oid = $2::oid)sql";

/// For people, of an object that kIdentify does not know.
inline constexpr std::string_view kDescribe = R"sql(
select pg_catalog.pg_describe_object($1::oid, $2::oid, $3::int))sql";

/// Functions whose text has one of the words $1 (text[]), in languages whose text the server does not look into before they run.
inline constexpr std::string_view kMentions = R"sql(
select distinct n.nspname || '.' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')'
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
join unnest($1::text[]) as word on p.prosrc ~* ('\m' || pg_catalog.regexp_replace(word, '([^[:alnum:]_])', '\\\1', 'g') || '\M')
where l.lanname not in ('internal', 'c') and n.nspname not in ('pg_catalog', 'information_schema')
order by 1)sql";

}  // namespace cutover::dependent_sql
