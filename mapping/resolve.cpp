#include "mapping/resolve.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "mapping/route_resolver.hpp"
#include "mapping/spelling.hpp"

namespace mapping {

namespace {

std::vector<ResolvedEntity> collect_entities(const MappingFile& file, Findings& findings) {
  std::vector<ResolvedEntity> entities;
  for (const EntityEntry& entry : file.entities) entities.push_back({entry.name.text, entry.name.at, &entry, {}});
  for (std::size_t i = 0; i < file.routes.size(); ++i) {
    const std::optional<Scalar>& name = file.routes[i].entity;
    if (!name) continue;
    auto entity = std::find_if(entities.begin(), entities.end(),
                               [&](const ResolvedEntity& candidate) { return candidate.name == name->text; });
    if (entity == entities.end()) entity = entities.insert(entities.end(), {name->text, name->at, nullptr, {}});
    entity->minted_by.push_back(i);
  }
  std::vector<std::string> minted;
  for (const ResolvedEntity& entity : entities) {
    if (!entity.minted_by.empty()) minted.push_back(entity.name);
  }
  for (const ResolvedEntity& entity : entities) {
    if (entity.minted_by.empty()) {
      const std::string hint = did_you_mean(entity.name, minted);
      findings.error(entity.at, "no route mints the ids of entity '" + entity.name + "'",
                     hint.empty() ? "add 'entity: " + entity.name + "' to a route, or remove the entity" : hint);
    }
  }
  return entities;
}

void check_adopt(const std::vector<ResolvedEntity>& entities, Findings& findings) {
  for (const ResolvedEntity& entity : entities) {
    if (entity.entry == nullptr || !entity.entry->adopt) continue;
    const TokenList sql = tokenize(entity.entry->adopt->text);
    const auto first =
        std::find_if(sql.tokens.begin(), sql.tokens.end(), [](const Token& token) { return !token.is('('); });
    const bool is_query = first != sql.tokens.end() && (first->is_word("select") || first->is_word("with"));
    const bool has_semicolon =
        std::any_of(sql.tokens.begin(), sql.tokens.end(), [](const Token& token) { return token.is(';'); });
    if (!sql.problems.empty() || !is_query || has_semicolon) {
      findings.error(entity.entry->adopt->at, "adopt of entity '" + entity.name + "' is not a single SELECT",
                     "write a query on the target that gives (key, uuid)");
    }
  }
}

// The routes after the first of an entity wait until that one has the row, as if they had a ref to it.
void add_own_refs(ResolvedMapping& mapping, const MappingFile& file) {
  for (ResolvedRoute& route : mapping.routes) {
    if (!route.entity) continue;
    const ResolvedEntity& entity = mapping.entities[*route.entity];
    if (&file.routes[entity.minted_by.front()] == route.entry) continue;
    ResolvedRef own;
    own.entity = *route.entity;
    own.at = route.entry->entity->at;
    for (const std::string& column : route.key) own.key.push_back({Operand::kRow, column});
    route.own_ref = static_cast<std::uint16_t>(route.refs.size());
    route.refs.push_back(std::move(own));
  }
}

using KeyShape = std::vector<bool>;  // per column: is it an integer

KeyShape key_shape(const ResolvedRoute& route, const ResolvedRef& ref) {
  KeyShape shape;
  for (const NamedColumn& column : ref.key)
    shape.push_back(route.table_of(column.join).column(column.column)->is_integer);
  return shape;
}

KeyShape key_shape(const ResolvedRoute& route) {
  KeyShape shape;
  for (const std::string& column : route.key) shape.push_back(route.from->column(column)->is_integer);
  return shape;
}

std::string shape_text(const KeyShape& shape) {
  std::string text;
  for (const bool is_integer : shape) text += (text.empty() ? "" : ", ") + std::string(is_integer ? "integer" : "text");
  return "(" + text + ")";
}

void check_entity_keys(const ResolvedMapping& mapping, const MappingFile& file, Findings& findings) {
  std::map<std::size_t, KeyShape> shapes;
  for (const ResolvedRoute& route : mapping.routes) {
    if (!route.entity || route.key.empty()) continue;
    const auto [shape, is_new] = shapes.emplace(*route.entity, key_shape(route));
    if (!is_new && shape->second != key_shape(route)) {
      findings.error(route.entry->entity->at,
                     "the key of this route is " + shape_text(key_shape(route)) + ", but that of entity '" +
                         mapping.entities[*route.entity].name + "' is " + shape_text(shape->second),
                     "say with 'key:' which columns hold the entity's key");
    }
  }
  for (const ResolvedRoute& route : mapping.routes) {
    for (std::size_t i = 0; i < route.refs.size(); ++i) {
      const ResolvedRef& ref = route.refs[i];
      const auto shape = shapes.find(ref.entity);
      if (route.own_ref == i || shape == shapes.end() || shape->second == key_shape(route, ref)) continue;
      findings.error(ref.at,
                     "ref('" + mapping.entities[ref.entity].name + "', …) is given " +
                         shape_text(key_shape(route, ref)) + ", but the entity's key is " + shape_text(shape->second),
                     "give the columns that hold the key of '" +
                         file.routes[mapping.entities[ref.entity].minted_by.front()].from.text + "'");
    }
  }
}

}  // namespace

ResolvedMapping resolve(const MappingFile& file, const core::Catalog& source, const core::Catalog& target,
                        Findings& findings) {
  ResolvedMapping mapping;
  mapping.entities = collect_entities(file, findings);
  check_adopt(mapping.entities, findings);
  RouteResolver resolver(file, source, target, mapping.entities, findings);
  for (const RouteEntry& entry : file.routes) {
    if (std::optional<ResolvedRoute> route = resolver.resolve(entry)) mapping.routes.push_back(std::move(*route));
  }
  add_own_refs(mapping, file);
  check_entity_keys(mapping, file, findings);
  return mapping;
}

}  // namespace mapping
