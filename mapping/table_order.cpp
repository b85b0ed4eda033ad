#include "mapping/table_order.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "mapping/target_key_text.hpp"

namespace mapping {

namespace {

using Graph = std::vector<std::set<std::size_t>>;  // per node: the nodes that it comes after

bool writes(const Route& route, const std::string& column) {
  if (route.id_column == column) return true;
  return std::any_of(route.columns.begin(), route.columns.end(),
                     [&](const TargetColumn& target) { return target.name == column; });
}

Graph route_graph(const Plan& plan, const core::Catalog& target) {
  Graph after(plan.routes.size());
  const auto add = [&](std::size_t child, std::size_t parent) {
    if (child != parent) after[child].insert(parent);
  };
  for (const Route& route : plan.routes) {
    for (const Ref& ref : route.refs) add(route.id.index(), plan.entity(ref.entity).routes.front().index());
    const core::CatalogTable* table = target.table(route.to);
    if (table == nullptr) continue;
    for (const core::CatalogForeignKey& key : table->foreign_keys) {
      const bool is_written = std::any_of(key.columns.begin(), key.columns.end(),
                                          [&](const std::string& column) { return writes(route, column); });
      if (!is_written || key.references == route.to) continue;
      for (const Route& parent : plan.routes) {
        if (parent.to == key.references) add(route.id.index(), parent.id.index());
      }
    }
  }
  return after;
}

// Whether `node` comes after itself through nodes that are not done.
bool is_on_cycle(const Graph& after, const std::vector<bool>& is_done, std::size_t node) {
  std::vector<bool> seen(after.size());
  std::vector<std::size_t> open(after[node].begin(), after[node].end());
  while (!open.empty()) {
    const std::size_t next = open.back();
    open.pop_back();
    if (is_done[next] || seen[next]) continue;
    if (next == node) return true;
    seen[next] = true;
    open.insert(open.end(), after[next].begin(), after[next].end());
  }
  return false;
}

std::size_t next_node(const Graph& after, const std::vector<bool>& is_done) {
  for (std::size_t node = 0; node < after.size(); ++node) {
    const bool is_ready =
        std::all_of(after[node].begin(), after[node].end(), [&](std::size_t n) { return is_done[n]; });
    if (!is_done[node] && is_ready) return node;
  }
  for (std::size_t node = 0; node < after.size(); ++node) {
    if (!is_done[node] && is_on_cycle(after, is_done, node)) return node;
  }
  return after.size();
}

// A row refers to itself when the ref's key is its own primary key and the entity's ids are made of the same table's.
bool is_same_row(const Plan& plan, const Route& route, const Ref& ref) {
  const Entity& entity = plan.entity(ref.entity);
  if (ref.from != Operand::kRow || entity.table != route.from) return false;
  if (!plan.route(entity.routes.front()).key_is_primary) return false;
  if (ref.key.size() != plan.table(route.from).key_size) return false;
  for (std::size_t i = 0; i < ref.key.size(); ++i) {
    if (ref.key[i].column != i) return false;
  }
  return true;
}

// Several rows may mean one target row, and what is there must be that of the lowest key: two workers with a chunk each would not know of
// each other. Where a row is nothing but its key it is the same for all.
bool is_written_by_the_lowest(const Route& route) {
  if (route.id_column) return false;
  return std::ranges::any_of(route.columns, [&](const TargetColumn& column) {
    return std::ranges::find(route.conflict, column.name) == route.conflict.end() || evens_out(column.sql_type);
  });
}

std::vector<std::vector<bool>> reachability(const Graph& after) {
  std::vector<std::vector<bool>> reaches(after.size(), std::vector<bool>(after.size()));
  for (std::size_t start = 0; start < after.size(); ++start) {
    std::vector<std::size_t> open{start};
    while (!open.empty()) {
      const std::size_t node = open.back();
      open.pop_back();
      for (const std::size_t next : after[node]) {
        if (reaches[start][next]) continue;
        reaches[start][next] = true;
        open.push_back(next);
      }
    }
  }
  return reaches;
}

}  // namespace

void order_routes(Plan& plan, const core::Catalog& target) {
  const Graph after = route_graph(plan, target);
  std::vector<bool> is_done(plan.routes.size());
  for (std::size_t count = 0; count < plan.routes.size(); ++count) {
    const std::size_t node = next_node(after, is_done);
    std::uint16_t rank = 1;
    for (const std::size_t parent : after[node]) {
      if (is_done[parent]) rank = std::max(rank, static_cast<std::uint16_t>(plan.routes[parent].rank + 1));
    }
    plan.routes[node].rank = rank;
    is_done[node] = true;
  }
}

void order_tables(Plan& plan) {
  Graph after(plan.tables.size());
  std::set<std::size_t> self;
  for (const Route& route : plan.routes) {
    if (is_written_by_the_lowest(route)) self.insert(route.from.index());
    for (const Ref& ref : route.refs) {
      const core::TableId parent = plan.entity(ref.entity).table;
      if (parent != route.from) {
        after[route.from.index()].insert(parent.index());
      } else if (!is_same_row(plan, route, ref)) {
        self.insert(parent.index());
      }
    }
  }
  const std::vector<std::vector<bool>> reaches = reachability(after);
  for (SourceTable& table : plan.tables) {
    const std::size_t node = table.id.index();
    table.after.clear();
    for (std::size_t other = 0; other < after.size(); ++other) {
      const bool is_cycle = other != node && reaches[node][other] && reaches[other][node];
      const bool is_self = other == node && self.contains(node);
      if (is_self || is_cycle || after[node].contains(other)) {
        table.after.push_back(core::TableId{static_cast<std::uint16_t>(other)});
      }
    }
  }
}

}  // namespace mapping
