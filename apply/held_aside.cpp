#include "apply/held_aside.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "pg/quoting.hpp"

namespace apply {

namespace {

std::string table_of(core::RouteId route) { return fmt::format("pg_temp.\"held${}\"", route.value); }

// Whether a row may go and come unnoticed. Of what acts on it, only a foreign key without an action may stay: it lets a row go that nobody
// refers to, and nothing else. What acts before an INSERT does so for each row that is written, be it there or not.
constexpr std::string_view kIsUnnoticed = R"sql(
select pg_catalog.has_table_privilege($1::pg_catalog.regclass, 'DELETE') and not exists (
  select from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
  where (t.tgrelid = $1::pg_catalog.regclass
      or t.tgrelid in (select relid from pg_catalog.pg_partition_tree($1::pg_catalog.regclass)))
    and t.tgenabled in ('A', case pg_catalog.current_setting('session_replication_role') when 'replica' then 'R' else 'O' end)
    and ((t.tgtype & 8 <> 0 and not (t.tgisinternal and p.proname in ('RI_FKey_noaction_del', 'RI_FKey_restrict_del')))
      or (t.tgtype & 7 = 5 and not t.tgisinternal))))sql";

// Columns that can be inserted.
constexpr std::string_view kColumns = R"sql(
select attname from pg_catalog.pg_attribute where attrelid = $1::pg_catalog.regclass and attnum > 0 and not attisdropped
  and attgenerated = '' order by attnum)sql";

bool is_written(const mapping::Route& route, const std::string& column) {
  return column == route.id_column ||
         std::ranges::find(route.columns, column, &mapping::TargetColumn::name) != route.columns.end();
}

/// Another route may write other columns of the very same target row.
bool shares_rows(const mapping::Plan& plan, const mapping::Route& route) {
  return std::ranges::any_of(plan.routes, [&](const mapping::Route& other) {
    return other.id != route.id && other.to == route.to &&
           (!other.id_column || !route.id_column || other.entity == route.entity);
  });
}

}  // namespace

bool HeldAside::take_out(const mapping::Plan& plan, const mapping::Route& route,
                         std::span<const core::RowKey> target_keys) {
  const std::string table = pg::quote_name(route.to);
  if (noticed_ == Noticed::Never &&
      (shares_rows(plan, route) || session_.sql().exec(kIsUnnoticed, {table}).text(0, 0) != "t"))
    return false;
  session_.savepoint();
  try {
    session_.sql().exec(fmt::format("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DROP", table_of(route.id), table));
    session_.exec_keys(
        fmt::format("WITH gone AS ({}) INSERT INTO {} SELECT * FROM gone", route.take_out, table_of(route.id)),
        target_keys);
    session_.release_savepoint();
  } catch (const core::Error& error) {
    if (error.kind() != core::ErrorKind::Data) throw;
    session_.rollback_to_savepoint();
    return false;
  }
  routes_.push_back(route.id);
  return true;
}

void HeldAside::give_back(const mapping::Plan& plan) {
  for (const core::RouteId id : routes_) {
    const mapping::Route& route = plan.route(id);
    const std::string table = pg::quote_name(route.to);
    const pg::Result columns = session_.sql().exec(kColumns, {table});
    std::string names;
    std::string values;
    bool has_own = false;
    for (std::size_t row = 0; row < columns.rows(); ++row) {
      const bool is_own = !is_written(route, columns.text(row, 0));
      const std::string name = pg::quote_identifier(columns.text(row, 0));
      has_own = has_own || is_own;
      names += (row == 0 ? "" : ", ") + name;
      values += (row == 0 ? "" : ", ") + std::string{is_own ? "held." : "back."} + name;
    }
    std::string is_same;
    for (const std::string& column : route.id_column ? std::vector{*route.id_column} : route.conflict) {
      is_same += fmt::format("{0}back.{1} = held.{1}", is_same.empty() ? "" : " AND ", pg::quote_identifier(column));
    }
    // Not by an UPDATE: it cannot set a column that is GENERATED ALWAYS AS IDENTITY.
    if (has_own) {
      session_.sql().exec(fmt::format(
          "WITH back AS (DELETE FROM {0} AS back USING {1} AS held WHERE {2} RETURNING back.*) INSERT INTO {0} ({3}) "
          "OVERRIDING SYSTEM VALUE SELECT {4} FROM back JOIN {1} AS held ON {2}",
          table, table_of(id), is_same, names, values));
    }
    session_.sql().exec("DROP TABLE " + table_of(id));
  }
  routes_.clear();
}

}  // namespace apply
