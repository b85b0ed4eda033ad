#include "cutover/table_checksum.hpp"

#include <fmt/format.h>

#include "core/array_literal.hpp"
#include "cutover/definition.hpp"
#include "pg/quoting.hpp"

namespace cutover {

std::vector<std::string> other_columns(pg::Session& session, const core::QualifiedName& table,
                                       const std::vector<std::string>& without) {
  const std::string name = pg::quote_name(table);
  const std::string names = core::text_array(without);
  const pg::Result found = session.exec(
      "select attname from pg_catalog.pg_attribute where attrelid = pg_catalog.to_regclass($1) and attnum > 0 and not "
      "attisdropped and attname <> all ($2::text[]) order by attnum",
      {std::string_view{name}, std::string_view{names}});
  std::vector<std::string> columns;
  for (std::size_t row = 0; row < found.rows(); ++row) columns.push_back(found.text(row, 0));
  return columns;
}

TableChecksum checksum(pg::Session& session, const core::QualifiedName& table,
                       const std::vector<std::string>& columns) {
  // Each half of the hash as a number of its own: the sums need no modulus, and no row is lost in them.
  const pg::Result found = session.exec(
      fmt::format("select pg_catalog.count(*), coalesce(pg_catalog.sum(('x' || pg_catalog.left(h, "
                  "16))::bit(64)::bigint), 0) || ',' "
                  "|| coalesce(pg_catalog.sum(('x' || pg_catalog.right(h, 16))::bit(64)::bigint), 0) from (select "
                  "pg_catalog.md5(row({})::text) as h from {}) as hashed",
                  quoted_list(columns), pg::quote_name(table)));
  return {found.integer(0, 0), found.text(0, 1)};
}

}  // namespace cutover
