#include "mapping/waiting_circles.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace mapping {

namespace {

/// Whether a row of the route waits when this ref misses its parent.
bool parks(const Route& route, std::size_t ref) {
  if (route.own_ref && *route.own_ref == ref) return true;
  return std::any_of(route.columns.begin(), route.columns.end(), [&](const TargetColumn& column) {
    return column.missing == Missing::Park &&
           std::find(column.refs.begin(), column.refs.end(), ref) != column.refs.end();
  });
}

/// The routes that rows of `start` wait for, directly or through others, in the order in which they are found.
std::vector<core::RouteId> waits_for(const Plan& plan, core::RouteId start) {
  std::vector<core::RouteId> found;
  const auto add_parents = [&](const Route& route) {
    for (std::size_t ref = 0; ref < route.refs.size(); ++ref) {
      if (!parks(route, ref)) continue;
      const core::RouteId parent = plan.entity(route.refs[ref].entity).routes.front();
      if (std::find(found.begin(), found.end(), parent) == found.end()) found.push_back(parent);
    }
  };
  add_parents(plan.route(start));
  for (std::size_t at = 0; at < found.size(); ++at) add_parents(plan.route(found[at]));
  return found;
}

bool contains(const std::vector<core::RouteId>& routes, core::RouteId route) {
  return std::find(routes.begin(), routes.end(), route) != routes.end();
}

}  // namespace

void warn_of_waiting_circles(const Plan& plan, Findings& findings) {
  std::vector<std::vector<core::RouteId>> waits;
  for (const Route& route : plan.routes) waits.push_back(waits_for(plan, route.id));
  std::vector<bool> is_told(plan.routes.size());
  for (const Route& route : plan.routes) {
    if (is_told[route.id.index()] || !contains(waits[route.id.index()], route.id)) continue;
    std::string names;
    for (const Route& other : plan.routes) {
      const bool is_on_circle =
          contains(waits[route.id.index()], other.id) && contains(waits[other.id.index()], route.id);
      if (!is_on_circle) continue;
      is_told[other.id.index()] = true;
      names += (names.empty() ? "'" : ", '") + other.name + "'";
    }
    findings.warning(
        route.at,
        "rows of " + names +
            " that refer to each other in a circle would wait for each other for ever: each of these references parks",
        "if the source can have such rows, say `missing: \"null\"` at one of these references: it is filled in as soon "
        "as "
        "the other row is there");
  }
}

}  // namespace mapping
