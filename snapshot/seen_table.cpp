#include "snapshot/seen_table.hpp"

#include "core/error.hpp"

namespace snapshot {

namespace {

// pg_class is read through the snapshot, pg_relation_filenode through the newest catalog. A partitioned root has no file of its own.
constexpr const char* kIsUnchanged = R"sql(
with recursive tree as (
  select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2
  union all
  select i.inhrelid from pg_catalog.pg_inherits i join tree on i.inhparent = tree.oid
)
select count(*) > 0 and coalesce(pg_catalog.bool_and(
  c.relfilenode = 0 or pg_catalog.pg_relation_filenode(c.oid) is not distinct from c.relfilenode), false)
from tree join pg_catalog.pg_class c on c.oid = tree.oid)sql";

}  // namespace

void require_seen(pg::Session& session, const core::QualifiedName& table) {
  const bool is_unchanged = session.exec(kIsUnchanged, {table.schema, table.name}).is_true(0, 0);
  if (!is_unchanged) {
    throw core::Error{
        core::ErrorKind::Source,
        "a table was rewritten, truncated or dropped after the snapshot was taken, which cannot see it any more"}
        .with("table", table.display())
        .remedy("nothing needs to be done: it is read again under a new snapshot")
        .transient();
  }
}

}  // namespace snapshot
