#include "agent/mapping_change.hpp"

#include <nlohmann/json.hpp>

#include "agent/name_list.hpp"
#include "core/error.hpp"
#include "mapping/fingerprint.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;

constexpr std::size_t kMostNames = 20;

std::string entity_of(const mapping::Plan& plan, const mapping::Route& route) {
  return route.entity && route.id_column ? plan.entity(*route.entity).name : "";
}

Error other_ids(const std::string& what, const std::string& known, const std::string& given) {
  return Error{ErrorKind::Refused, what + " has changed: every id that was given before would be another one"}
      .with("known", known)
      .with("given", given)
      .remedy("put the known one back into mapping.yaml; or empty the target's tables and its ledger to begin anew");
}

}  // namespace

std::string MappingChange::describe() const {
  std::string text;
  const auto add = [&](const char* what, const std::vector<std::string>& names) {
    if (!names.empty()) text += (text.empty() ? "" : "; ") + std::string{what} + ": " + name_list(names, kMostNames);
  };
  add("changed", changed);
  add("added", added);
  add("removed", removed);
  return text;
}

std::string describe_mapping(const mapping::Plan& plan) {
  nlohmann::json routes = nlohmann::json::object();
  for (const mapping::Route& route : plan.routes) {
    routes[route.name] = {{"entity", entity_of(plan, route)}, {"fingerprint", mapping::fingerprint_of(plan, route)}};
  }
  return nlohmann::json{{"namespace", plan.name_space.to_string()}, {"routes", routes}}.dump();
}

MappingChange mapping_change(const mapping::Plan& plan, const std::string& known) {
  MappingChange change;
  if (known.empty()) return change;
  const nlohmann::json before = nlohmann::json::parse(known);
  const nlohmann::json now = nlohmann::json::parse(describe_mapping(plan));
  if (before.at("namespace") != now.at("namespace")) {
    throw other_ids("the namespace of the mapping", before.at("namespace").get<std::string>(),
                    now.at("namespace").get<std::string>());
  }
  for (const auto& [name, route] : now.at("routes").items()) {
    const auto known_route = before.at("routes").find(name);
    if (known_route == before.at("routes").end()) {
      change.added.push_back(name);
      continue;
    }
    if (known_route->at("entity") != route.at("entity")) {
      throw other_ids("the entity of the route " + name, known_route->at("entity").get<std::string>(),
                      route.at("entity").get<std::string>());
    }
    if (known_route->at("fingerprint") != route.at("fingerprint")) change.changed.push_back(name);
  }
  for (const auto& [name, route] : before.at("routes").items()) {
    if (!now.at("routes").contains(name)) change.removed.push_back(name);
  }
  return change;
}

}  // namespace agent
