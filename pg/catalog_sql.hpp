#pragma once

namespace pg::sql {

// Every query takes the schemas as $1 (text[]) unless it says otherwise. The text runs on every supported version; what only some
// versions know is filled in for the placeholders in braces.

inline constexpr const char* kTables = R"(
select c.oid, n.nspname, c.relname, c.relkind, c.relispartition, c.relreplident,
       greatest(c.reltuples, 0)::pg_catalog.int8, c.relrowsecurity, c.relforcerowsecurity
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1::pg_catalog.text[]) and c.relkind in ('r', 'p', 'v')
order by 1)";

/// {generated}: a.attgenerated, or '' where there is no such column.
inline constexpr const char* kColumns = R"(
select a.attrelid, a.attname, a.atttypid, a.atttypmod,
       pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.atthasdef or a.attidentity <> '', {generated} <> '', a.attidentity = 'a', a.attstorage <> 'p'
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1::pg_catalog.text[]) and c.relkind in ('r', 'p', 'v') and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum)";

/// All types, without parameters. The last column but one: whether values of just this type can be compared by a default operator class,
/// its own or one of a type with the same bytes (varchar by that of text).
inline constexpr const char* kTypes = R"(
with comparable as (
  select distinct o.opcintype
  from pg_catalog.pg_opclass o
  join pg_catalog.pg_am am on am.oid = o.opcmethod
  where am.amname in ('btree', 'hash') and o.opcdefault
)
select t.oid, n.nspname, t.typtype, t.typcategory, t.typbasetype, case when t.typlen = -1 then t.typelem else 0 end, t.typnotnull,
       t.oid in (select opcintype from comparable)
       or exists (select from pg_catalog.pg_cast k
                  where k.castsource = t.oid and k.castmethod = 'b' and k.castcontext = 'i'
                    and k.casttarget in (select opcintype from comparable)),
       t.typname
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace)";

/// One row per key column of every valid, non-partial index over plain columns that is unique.
/// The last column: whether equal values of the key may be other bytes. B-trees say that of their operator classes (support function 4, since
/// PostgreSQL 13; before, all may); text depends on the collation besides.
/// {key_columns}: the number of columns that count (i.indnkeyatts, or i.indnatts where nothing can be included).
inline constexpr const char* kUniqueIndexes = R"(
select i.indrelid, i.indexrelid, a.attname, i.indisprimary, i.indisreplident, i.indimmediate,
       not exists (select from pg_catalog.pg_opclass o
                   join pg_catalog.pg_amproc p on p.amprocfamily = o.opcfamily and p.amprocnum = 4
                     and p.amproclefttype = o.opcintype and p.amprocrighttype = o.opcintype
                   where o.oid = i.indclass[k.position::pg_catalog.int4 - 1])
       or exists (select from pg_catalog.pg_collation l
                  where l.oid = i.indcollation[k.position::pg_catalog.int4 - 1]
                    and pg_catalog.to_jsonb(l) ->> 'collisdeterministic' = 'false')
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with ordinality as k(attnum, position)
join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
where n.nspname = any ($1::pg_catalog.text[]) and c.relkind in ('r', 'p')
  and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null and k.position <= {key_columns}
order by i.indrelid, not i.indisprimary, i.indexrelid, k.position)";

/// One row per column pair of every foreign key. {is_declared}: leaves out those that the server derives for partitions of
/// the referenced table.
inline constexpr const char* kForeignKeys = R"(
select k.conrelid, k.oid, k.conname, rn.nspname, r.relname, k.confdeltype, k.condeferrable, a.attname, ra.attname
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class r on r.oid = k.confrelid
join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
cross join lateral pg_catalog.unnest(k.conkey) with ordinality as local(attnum, position)
join lateral pg_catalog.unnest(k.confkey) with ordinality as remote(attnum, position) on remote.position = local.position
join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = local.attnum
join pg_catalog.pg_attribute ra on ra.attrelid = k.confrelid and ra.attnum = remote.attnum
where n.nspname = any ($1::pg_catalog.text[]) and k.contype = 'f' and {is_declared}
order by k.conrelid, k.conname, k.oid, local.position)";

inline constexpr const char* kNoDerivedConstraints =
    "not exists (select from pg_catalog.pg_constraint p where p.oid = k.conparentid and p.conrelid = k.conrelid)";

/// The timeline that is written now: the first part of a WAL file's name. A standby cannot name that, and answers with the timeline of
/// its last checkpoint.
inline constexpr const char* kIdentity = R"(
select s.system_identifier,
       case when pg_catalog.pg_is_in_recovery()
            then pg_catalog.lpad(pg_catalog.to_hex(c.timeline_id), 8, '0')
            else pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8) end,
       pg_catalog.current_database()
from pg_catalog.pg_control_system() as s, pg_catalog.pg_control_checkpoint() as c)";

}  // namespace pg::sql
