#include "apply/held_aside.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "pg/quoting.hpp"

namespace apply {

namespace {

std::string table_of(core::RouteId route) { return fmt::format("pg_temp.\"held_{}\"", route.value); }

/// Columns of the target table that the route does not write and that can be written, quoted.
std::vector<std::string> unmapped_columns(TargetSession& session, const mapping::Route& route) {
  const std::string table = pg::quote_name(route.to);
  const pg::Result result = session.sql().exec(
      "select attname from pg_catalog.pg_attribute where attrelid = $1::pg_catalog.regclass and attnum > 0 and not "
      "attisdropped "
      "and attgenerated = '' and attidentity <> 'a' order by attnum",
      {table});
  std::vector<std::string> columns;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    const std::string name = result.text(row, 0);
    const bool is_mapped = name == *route.id_column ||
                           std::any_of(route.columns.begin(), route.columns.end(),
                                       [&](const mapping::TargetColumn& column) { return column.name == name; });
    if (!is_mapped) columns.push_back(pg::quote_identifier(name));
  }
  return columns;
}

}  // namespace

void HeldAside::hold(const mapping::Route& route, const std::string& id) {
  const std::string table = pg::quote_name(route.to);
  if (std::find(routes_.begin(), routes_.end(), route.id) == routes_.end()) {
    session_.sql().exec(
        fmt::format("CREATE TEMPORARY TABLE IF NOT EXISTS {} (LIKE {}) ON COMMIT DROP", table_of(route.id), table));
    routes_.push_back(route.id);
  }
  session_.sql().exec(fmt::format("INSERT INTO {} SELECT * FROM {} WHERE {} = $1::uuid", table_of(route.id), table,
                                  pg::quote_identifier(*route.id_column)),
                      {id});
}

void HeldAside::restore(const mapping::Plan& plan) {
  for (const core::RouteId id : routes_) {
    const mapping::Route& route = plan.route(id);
    std::string sets;
    for (const std::string& column : unmapped_columns(session_, route))
      sets += fmt::format("{}{} = h.{}", sets.empty() ? "" : ", ", column, column);
    if (!sets.empty()) {
      session_.sql().exec(fmt::format("UPDATE {0} AS t SET {1} FROM {2} AS h WHERE t.{3} = h.{3}",
                                      pg::quote_name(route.to), sets, table_of(id),
                                      pg::quote_identifier(*route.id_column)));
    }
    session_.sql().exec("DROP TABLE " + table_of(id));
  }
  routes_.clear();
}

}  // namespace apply
