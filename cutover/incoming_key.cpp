#include "cutover/incoming_key.hpp"

#include <string_view>

#include "pg/quoting.hpp"

namespace cutover {

namespace {

constexpr std::string_view kIncomingKeys = R"sql(
select k.conname, n.nspname, c.relname,
  (select pg_catalog.string_agg(pg_catalog.format('p.%I = c.%I', f.attname, a.attname), ' and ' order by x.i)
   from unnest(k.conkey, k.confkey) with ordinality as x(m, o, i)
   join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.m
   join pg_catalog.pg_attribute f on f.attrelid = k.confrelid and f.attnum = x.o),
  pg_catalog.array_length(k.conkey, 1) = 1, a.attname, pg_catalog.format_type(a.atttypid, null), not a.attnotnull, f.attname
from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
join pg_catalog.pg_attribute f on f.attrelid = k.confrelid and f.attnum = k.confkey[1]
where k.contype = 'f' and k.confrelid = $1::pg_catalog.regclass and k.conparentid = 0 order by n.nspname, c.relname, k.conname)sql";

}  // namespace

std::vector<IncomingKey> incoming_keys(pg::Session& session, const core::QualifiedName& table) {
  const std::string quoted = pg::quote_name(table);
  const pg::Result found = session.exec(kIncomingKeys, {std::string_view{quoted}});
  std::vector<IncomingKey> keys;
  for (std::size_t row = 0; row < found.rows(); ++row) {
    IncomingKey key{.constraint = found.text(row, 0),
                    .from = {found.text(row, 1), found.text(row, 2)},
                    .condition = found.text(row, 3),
                    .column = {}};
    if (found.is_true(row, 4)) {
      key.column = {.name = found.text(row, 5),
                    .type = found.text(row, 6),
                    .is_nullable = found.is_true(row, 7),
                    .referred = found.text(row, 8)};
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace cutover
