#pragma once

#include <string_view>

/// Catalog queries of replication/publication. `$1` is the publication's name.
namespace replication::publication_sql {

/// {0}: pubtruncate or true (11+); {1}: pubviaroot or true (13+)
inline constexpr std::string_view kPublication = R"sql(
select p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, {0}, {1}, p.oid, pg_catalog.obj_description(p.oid, 'pg_publication'), p.xmin
  from pg_catalog.pg_publication p
 where p.pubname = $1
)sql";

/// {0}: row filter is there (15+); {1}: column list is there (15+)
inline constexpr std::string_view kTables = R"sql(
select n.nspname, c.relname, {0}, {1}, r.oid
  from pg_catalog.pg_publication p
  join pg_catalog.pg_publication_rel r on r.prpubid = p.oid
  join pg_catalog.pg_class c on c.oid = r.prrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where p.pubname = $1
)sql";

/// 15+
inline constexpr std::string_view kSchemas = R"sql(
select n.nspname, s.oid
  from pg_catalog.pg_publication p
  join pg_catalog.pg_publication_namespace s on s.pnpubid = p.oid
  join pg_catalog.pg_namespace n on n.oid = s.pnnspid
 where p.pubname = $1
 order by n.nspname
)sql";

/// Of the publication $1: whether the current role may drop it, its owner, that role.
inline constexpr std::string_view kOwner = R"sql(
select pg_catalog.pg_has_role(p.pubowner, 'USAGE'), pg_catalog.pg_get_userbyid(p.pubowner), current_user
  from pg_catalog.pg_publication p
 where p.pubname = $1
)sql";

}  // namespace replication::publication_sql
