#pragma once

#include <string_view>

/// Catalog queries of agent/table_record, for every supported version; placeholders in braces are filled in where versions differ.
namespace agent::table_record_sql {

/// The tables named by $1 (schemas) and $2 (names), and those of the oids $3, wherever they are now.
inline constexpr std::string_view kTables = R"sql(
select c.oid, n.nspname, c.relname, c.relfilenode
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p')
   and (c.oid = any ($3::pg_catalog.oid[])
        or exists (select from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) as wanted(nspname, relname)
                    where wanted.nspname = n.nspname and wanted.relname = c.relname))
)sql";

/// The live columns of the tables $1 (oids). {has_missing}: a.atthasmissing (11+) or false.
inline constexpr std::string_view kColumns = R"sql(
select a.attrelid, a.attname, a.attnum, a.atttypid, a.atttypmod, a.xmin, pg_catalog.format_type(a.atttypid, a.atttypmod),
       {has_missing}
  from pg_catalog.pg_attribute a
 where a.attrelid = any ($1::pg_catalog.oid[]) and a.attnum > 0 and not a.attisdropped
 order by a.attrelid, a.attnum
)sql";

/// What inherits from the tables $1 (oids), at any depth. Of each: the transactions that attached it and what it hangs on, up to the root; whether it was made
/// attached, by the last of them.
inline constexpr std::string_view kLeaves = R"sql(
with recursive below as (
  select i.inhparent as root, i.inhrelid as leaf, i.xmin as attached, i.xmin::pg_catalog.text as attachments,
         pg_catalog.age(i.xmin) as youngest
    from pg_catalog.pg_inherits i where i.inhparent = any ($1::pg_catalog.oid[])
  union all
  select b.root, i.inhrelid, i.xmin, pg_catalog.concat(b.attachments, '/', i.xmin),
         least(b.youngest, pg_catalog.age(i.xmin))
    from below b join pg_catalog.pg_inherits i on i.inhparent = b.leaf
)
select b.root, b.leaf, n.nspname, c.relname, c.relfilenode,
       (select a.xmin from pg_catalog.pg_attribute a where a.attrelid = b.leaf and a.attname = 'tableoid') = b.attached
         and pg_catalog.age(b.attached) <= b.youngest,
       b.attachments, c.xmin
  from below b
  join pg_catalog.pg_class c on c.oid = b.leaf
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind = 'r'
 order by b.root, b.leaf
)sql";

/// Of the tables $1 (oids): what inherits from one that is not partitioned, and what is UNLOGGED of it. The fourth column: it inherits.
inline constexpr std::string_view kObstacles = R"sql(
with recursive below as (
  select c.oid as root, c.oid as leaf from pg_catalog.pg_class c where c.oid = any ($1::pg_catalog.oid[])
  union all
  select b.root, i.inhrelid from below b join pg_catalog.pg_inherits i on i.inhparent = b.leaf
)
select b.root, n.nspname, c.relname, r.relkind = 'r' and b.leaf <> b.root
  from below b
  join pg_catalog.pg_class r on r.oid = b.root
  join pg_catalog.pg_class c on c.oid = b.leaf
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where (r.relkind = 'r' and b.leaf <> b.root) or (c.relkind = 'r' and c.relpersistence = 'u')
 order by b.root, b.leaf
)sql";

}  // namespace agent::table_record_sql
