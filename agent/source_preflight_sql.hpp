#pragma once

#include <string_view>

/// What the preflight asks the source. Lower case, pg_catalog-qualified; works on PostgreSQL 10 and later.
namespace agent::source_preflight_sql {

/// One row: settings of the server, what is used of them, and the role.
inline constexpr std::string_view kServer = R"sql(
select pg_catalog.current_setting('wal_level'),
       pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_setting('max_replication_slots')::pg_catalog.int8
         - (select pg_catalog.count(*) from pg_catalog.pg_replication_slots),
       pg_catalog.current_setting('max_wal_senders')::pg_catalog.int8
         - (select pg_catalog.count(*) from pg_catalog.pg_stat_replication),
       r.rolreplication or r.rolsuper,
       r.rolname,
       pg_catalog.current_setting('server_encoding'),
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
       pg_catalog.pg_backend_pid(),
       (select s.setting::pg_catalog.int8 from pg_catalog.pg_settings s where s.name = 'max_slot_wal_keep_size'),
       (select s.setting::pg_catalog.int8 * case s.unit when 'min' then 60 else 1 end
          from pg_catalog.pg_settings s where s.name = 'idle_replication_slot_timeout')
from pg_catalog.pg_roles r where r.rolname = current_user
)sql";

/// Rights of this role on the tables whose oids are $1: name, may select (and use the schema), owns, policies apply to it, they are forced.
inline constexpr std::string_view kTables = R"sql(
select n.nspname, c.relname,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_table_privilege(c.oid, 'SELECT'),
       pg_catalog.pg_has_role(c.relowner, 'USAGE'),
       pg_catalog.row_security_active(c.oid),
       pg_catalog.pg_get_userbyid(c.relowner)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = any ($1::pg_catalog.oid[])
order by 1, 2
)sql";

/// Whether the publication's entry in the catalog is younger than anything that the slot still has to decode: then it was probably
/// made after the slot. $1 publication, $2 slot.
/// Enabled subscriptions of this database, with what they subscribe to. Where they lead, only a superuser may see.
inline constexpr std::string_view kSubscriptions = R"sql(
select s.subname, pg_catalog.array_to_string(s.subpublications, ', ')
from pg_catalog.pg_subscription s join pg_catalog.pg_database d on d.oid = s.subdbid
where d.datname = pg_catalog.current_database() and s.subenabled
order by s.subname)sql";

inline constexpr std::string_view kPublicationIsYounger = R"sql(
select pg_catalog.age(p.xmin) <= pg_catalog.age(s.catalog_xmin)
from pg_catalog.pg_publication p, pg_catalog.pg_replication_slots s
where p.pubname = $1 and s.slot_name = $2
)sql";

}  // namespace agent::source_preflight_sql
