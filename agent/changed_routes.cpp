#include "agent/changed_routes.hpp"

#include <algorithm>
#include <set>

#include "pg/quoting.hpp"
#include "validate/stages.hpp"

namespace agent {

namespace {

/// A row carries 32 bits of its writer's id, also when it is frozen. Ids from the census on are a window of the circle of these; as long as that is shorter than the
/// circle no row that was written since is outside. An old row may be inside by chance: then its table counts as changed for no reason.
constexpr std::uint64_t kCircle = std::uint64_t{1} << 32U;

/// Whether the writer of a row of `alias` is in the window that begins at `xmin` and ends now.
std::string is_in_window(const std::string& alias, std::uint64_t xmin) {
  return "(" + alias + ".xmin::text::pg_catalog.int8 - " + std::to_string(xmin % kCircle) + " + " +
         std::to_string(kCircle) + ") % " + std::to_string(kCircle) +
         " < pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) - " + std::to_string(xmin);
}

/// How many rows there are, how many were written, and how many partitions were attached, which writes no row.
std::string question(const core::QualifiedName& table, const Census& census) {
  const std::string name = pg::quote_name(table);
  return "select pg_catalog.count(*), pg_catalog.count(*) filter (where " + is_in_window("t", census.source_xmin) +
         "), (select pg_catalog.count(*) from pg_catalog.pg_inherits i where i.inhparent = " + pg::quote_literal(name) +
         "::pg_catalog.regclass and " + is_in_window("i", census.source_xmin) + ") from " + name + " t";
}

/// False when ids have gone around the circle since, or back (the server was set back): then rows tell nothing.
bool can_tell(pg::Session& source, const Census& census) {
  const auto next = static_cast<std::uint64_t>(
      source.exec("select pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())").integer(0, 0));
  return census.source_xmin > 0 && next >= census.source_xmin && next - census.source_xmin < kCircle;
}

std::set<core::TableId> written_tables(const mapping::Plan& plan, pg::Session& source, const Census& census) {
  const bool tells = can_tell(source, census);
  std::set<core::TableId> written;
  for (const mapping::SourceTable& table : plan.tables) {
    const auto before = census.source_rows.find(table.name.display());
    if (tells && before != census.source_rows.end()) {
      const pg::Result now = source.exec(question(table.name, census));
      if (now.integer(0, 0) == before->second && now.integer(0, 1) + now.integer(0, 2) == 0) continue;
    }
    written.insert(table.id);
  }
  return written;
}

bool has_as_many_rows(pg::Session& target, const core::QualifiedName& table, const Census& census) {
  const auto before = census.target_rows.find(table.display());
  return before != census.target_rows.end() &&
         target.exec("select pg_catalog.count(*) from " + pg::quote_name(table)).integer(0, 0) == before->second;
}

}  // namespace

ChangedRoutes changed_routes(const mapping::Plan& plan, pg::Session& source, pg::Session& target,
                             const Census& census) {
  const std::set<core::TableId> written = written_tables(plan, source, census);
  ChangedRoutes routes;
  for (const mapping::Route& route : plan.routes) {
    const auto tables = validate::tables_read(plan, validate::with_parents(plan, {route.id}));
    const bool is_vouched =
        std::ranges::none_of(tables, [&](core::TableId table) { return written.contains(table); }) &&
        has_as_many_rows(target, route.to, census);
    (is_vouched ? routes.vouched : routes.changed).push_back(route.id);
  }
  return routes;
}

cutover::Plan change_questions(const mapping::Plan& plan, const Census& census) {
  cutover::Plan questions;
  for (const mapping::SourceTable& table : plan.tables) {
    questions.push_back({question(table.name, census), "ACCESS SHARE on " + table.name.display() + " of the source",
                         "whether it was written to since the last validation of everything"});
  }
  return questions;
}

std::vector<std::string> tables_of(const mapping::Plan& plan, const std::vector<core::RouteId>& routes) {
  std::set<std::string> names;
  for (const core::RouteId route : routes) names.insert(plan.table(plan.route(route).from).name.display());
  return {names.begin(), names.end()};
}

}  // namespace agent
