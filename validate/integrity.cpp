#include "validate/integrity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.hpp"
#include "mapping/sql_text.hpp"
#include "pg/quoting.hpp"

namespace validate {

namespace {

constexpr int kMostViolations = 10;

/// Foreign keys of the table $2 in schema $1: those of its own, not the ones that a partition has of its parent.
constexpr const char* kForeignKeys = R"sql(
select c.conname, c.confmatchtype = 'f', pn.nspname, p.relname
from pg_catalog.pg_constraint c
join pg_catalog.pg_class r on r.oid = c.conrelid join pg_catalog.pg_namespace n on n.oid = r.relnamespace
join pg_catalog.pg_class p on p.oid = c.confrelid join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
where c.contype = 'f' and c.conparentid = 0 and n.nspname = $1 and r.relname = $2
order by c.conname)sql";

/// The columns of such a constraint $3, one row each.
constexpr const char* kKeyColumns = R"sql(
select a.attname, f.attname from pg_catalog.pg_constraint c
cross join lateral unnest(c.conkey, c.confkey) with ordinality as k(n, m, i)
join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.n
join pg_catalog.pg_attribute f on f.attrelid = c.confrelid and f.attnum = k.m
join pg_catalog.pg_class r on r.oid = c.conrelid join pg_catalog.pg_namespace n on n.oid = r.relnamespace
where c.contype = 'f' and n.nspname = $1 and r.relname = $2 and c.conname = $3
order by k.i)sql";

IntegrityCheck rule_of(IntegrityOutcome::Rule rule, std::string table, std::string name) {
  return {.about = {.rule = rule, .table = std::move(table), .name = std::move(name)}, .count = {}, .examples = {}};
}

/// The columns that name a row of the table to people.
std::string row_name(const mapping::Route& route) {
  const std::vector<std::string> key = route.id_column ? std::vector{*route.id_column} : route.conflict;
  std::vector<std::string> parts;
  for (const std::string& column : key) parts.push_back("c." + pg::quote_identifier(column) + "::pg_catalog.text");
  return "pg_catalog.concat_ws(',', " + mapping::joined(parts, ", ") + ")";
}

void add_foreign_keys(const mapping::Route& route, TargetReader& target, std::vector<IntegrityCheck>& checks) {
  const pg::Result keys = target.exec(kForeignKeys, std::vector<pg::Param>{route.to.schema, route.to.name});
  for (std::size_t line = 0; line < keys.rows(); ++line) {
    const std::string name = keys.text(line, 0);
    const bool is_full = keys.is_true(line, 1);
    std::vector<std::string> present;
    std::vector<std::string> equal;
    const pg::Result columns = target.exec(kKeyColumns, std::vector<pg::Param>{route.to.schema, route.to.name, name});
    for (std::size_t i = 0; i < columns.rows(); ++i) {
      const std::string own = "c." + pg::quote_identifier(columns.text(i, 0));
      present.push_back(own + " IS NOT NULL");
      equal.push_back("p." + pg::quote_identifier(columns.text(i, 1)) + " = " + own);
    }
    // MATCH FULL: a key that is NULL in part refers to nothing and is wrong.
    const std::string refers = "(" + mapping::joined(present, is_full ? " OR " : " AND ") + ")";
    const std::string from =
        fmt::format("FROM {} AS c WHERE {} AND NOT EXISTS (SELECT FROM {} AS p WHERE {})", pg::quote_name(route.to),
                    refers, pg::quote_name({keys.text(line, 2), keys.text(line, 3)}), mapping::joined(equal, " AND "));
    IntegrityCheck check = rule_of(IntegrityOutcome::Rule::ForeignKey, route.to.display(), name);
    check.count = "SELECT pg_catalog.count(*) " + from;
    check.examples = fmt::format("SELECT {} {} LIMIT {}", row_name(route), from, kMostViolations);
    checks.push_back(std::move(check));
  }
}

void add_legacy_id(const mapping::Route& route, std::vector<IntegrityCheck>& checks) {
  const std::string column = pg::quote_identifier(*route.legacy_key_column);
  const std::string groups =
      fmt::format("SELECT {0} AS k FROM {1} WHERE {0} IS NOT NULL GROUP BY 1 HAVING pg_catalog.count(*) > 1", column,
                  pg::quote_name(route.to));
  IntegrityCheck check = rule_of(IntegrityOutcome::Rule::LegacyId, route.to.display(), *route.legacy_key_column);
  check.count = "SELECT pg_catalog.count(*) FROM (" + groups + ") AS g";
  check.examples = fmt::format("SELECT k::pg_catalog.text FROM ({}) AS g ORDER BY 1 LIMIT {}", groups, kMostViolations);
  checks.push_back(std::move(check));
}

/// One UUID per legacy key, and one legacy key per UUID, but for keys that an earlier migration merged.
void add_entity(const mapping::Entity& entity, const std::string& table, const std::string& schema,
                std::vector<IntegrityCheck>& checks) {
  const std::string map = fmt::format("FROM {}.migration_mappings WHERE entity = {}", pg::quote_identifier(schema),
                                      pg::quote_literal(entity.name));
  const std::string broken = fmt::format(
      "SELECT legacy_key AS k {0} GROUP BY legacy_key HAVING pg_catalog.count(DISTINCT uuid) > 1 UNION ALL SELECT "
      "pg_catalog.min(legacy_key) {0} GROUP BY uuid HAVING pg_catalog.count(DISTINCT legacy_key) > 1 AND NOT "
      "pg_catalog.bool_or(adopted)",
      map);
  IntegrityCheck check = rule_of(IntegrityOutcome::Rule::EntityUuid, table, entity.name);
  check.count = "SELECT pg_catalog.count(*) FROM (" + broken + ") AS g";
  check.examples = fmt::format("SELECT k FROM ({}) AS g ORDER BY 1 LIMIT {}", broken, kMostViolations);
  checks.push_back(std::move(check));
}

}  // namespace

std::vector<IntegrityCheck> integrity_checks(const mapping::Plan& plan, std::span<const core::RouteId> routes,
                                             const std::string& ledger_schema, TargetReader& target) {
  std::vector<IntegrityCheck> checks;
  std::set<core::QualifiedName> tables;
  std::set<core::EntityId> entities;
  for (const core::RouteId id : routes) {
    const mapping::Route& route = plan.route(id);
    if (tables.insert(route.to).second) add_foreign_keys(route, target, checks);
    // A table that several routes fill mixes the keys of several entities in that column.
    const auto writers = std::ranges::count(plan.routes, route.to, &mapping::Route::to);
    if (route.legacy_key_column && writers == 1) add_legacy_id(route, checks);
    if (route.entity && entities.insert(*route.entity).second) {
      add_entity(plan.entity(*route.entity), route.to.display(), ledger_schema, checks);
    }
  }
  return checks;
}

IntegrityOutcome check(const IntegrityCheck& rule, TargetReader& target) {
  IntegrityOutcome outcome = rule.about;
  try {
    outcome.violations = target.sql().exec(rule.count).integer(0, 0);
    if (outcome.violations == 0) return outcome;
    const pg::Result lines = target.sql().exec(rule.examples);
    for (std::size_t line = 0; line < lines.rows(); ++line) outcome.examples.push_back(lines.text(line, 0));
  } catch (const core::Error& error) {
    if (target.sql().is_broken() || error.is_transient()) throw;
    target.sql().exec("ROLLBACK TO SAVEPOINT reading");
    outcome.not_checked = error.message();
  }
  return outcome;
}

}  // namespace validate
