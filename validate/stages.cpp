#include "validate/stages.hpp"

#include <algorithm>
#include <set>

namespace validate {

namespace {

/// Routes that decide whether a row of `route` finds its parents: directly.
std::set<std::size_t> parents_of(const mapping::Plan& plan, const mapping::Route& route) {
  std::set<std::size_t> parents;
  for (const mapping::Ref& ref : route.refs) parents.insert(plan.entity(ref.entity).routes.front().index());
  return parents;
}

/// The same through others; the route itself only where it leads back to itself.
std::vector<std::set<std::size_t>> ancestors(const mapping::Plan& plan) {
  std::vector<std::set<std::size_t>> all;
  for (const mapping::Route& route : plan.routes) {
    std::set<std::size_t> reached;
    std::set<std::size_t> open = parents_of(plan, route);
    while (!open.empty()) {
      const std::size_t next = open.extract(open.begin()).value();
      if (reached.insert(next).second) open.merge(parents_of(plan, plan.routes[next]));
    }
    all.push_back(std::move(reached));
  }
  return all;
}

}  // namespace

std::vector<std::vector<Stage>> rounds_of(const mapping::Plan& plan) {
  const auto above = ancestors(plan);
  const std::size_t count = plan.routes.size();
  std::vector<bool> is_done(count);
  std::vector<std::vector<Stage>> rounds;
  for (std::size_t done = 0; done < count;) {
    std::vector<Stage> round;
    std::vector<bool> is_taken(count);
    for (std::size_t i = 0; i < count; ++i) {
      if (is_done[i] || is_taken[i]) continue;
      // Whatever is above it is done, but for those that it is above of itself.
      const bool is_ready = std::ranges::all_of(
          above[i], [&](std::size_t parent) { return is_done[parent] || parent == i || above[parent].contains(i); });
      if (!is_ready) continue;
      Stage stage{.routes = {}, .is_circular = above[i].contains(i)};
      for (std::size_t j = i; j < count; ++j) {
        if (j != i && !(above[i].contains(j) && above[j].contains(i))) continue;
        stage.routes.push_back(plan.routes[j].id);
        is_taken[j] = true;
      }
      round.push_back(std::move(stage));
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_taken[i]) continue;
      is_done[i] = true;
      ++done;
    }
    rounds.push_back(std::move(round));
  }
  return rounds;
}

std::vector<core::RouteId> with_parents(const mapping::Plan& plan, std::vector<core::RouteId> routes) {
  const auto above = ancestors(plan);
  std::set<core::RouteId> all(routes.begin(), routes.end());
  for (const core::RouteId route : routes) {
    for (const std::size_t parent : above[route.index()]) all.insert(plan.routes[parent].id);
  }
  return {all.begin(), all.end()};
}

std::vector<core::RouteId> with_writers(const mapping::Plan& plan, const std::vector<core::RouteId>& routes) {
  std::set<core::QualifiedName> tables;
  for (const core::RouteId route : routes) tables.insert(plan.route(route).to);
  std::vector<core::RouteId> all;
  for (const mapping::Route& route : plan.routes) {
    if (tables.contains(route.to)) all.push_back(route.id);
  }
  return all;
}

std::vector<core::TableId> tables_read(const mapping::Plan& plan, const std::vector<core::RouteId>& routes) {
  std::set<core::TableId> tables;
  for (const core::RouteId id : routes) {
    const mapping::Route& route = plan.route(id);
    tables.insert(route.from);
    for (const mapping::Join& join : route.joins) tables.insert(join.table);
  }
  return {tables.begin(), tables.end()};
}

}  // namespace validate
