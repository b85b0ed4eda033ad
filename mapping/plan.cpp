#include "mapping/plan.hpp"

#include <algorithm>

namespace mapping {

namespace {

template <typename List, typename Name>
const typename List::value_type* find_by_name(const List& list, const Name& name) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.name == name; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

const SourceTable* Plan::find_table(const core::QualifiedName& name) const { return find_by_name(tables, name); }
const SourceTable* Plan::find_table(core::Oid oid) const {
  if (oid == core::Oid{}) return nullptr;
  const auto found = std::ranges::find(tables, oid, &SourceTable::oid);
  return found == tables.end() ? nullptr : &*found;
}
const Route* Plan::find_route(std::string_view name) const { return find_by_name(routes, name); }
std::uint16_t Plan::status_place(const Route& route) const {
  const auto& all = table(route.from).routes;
  return static_cast<std::uint16_t>(std::ranges::find(all, route.id) - all.begin());
}
const Entity* Plan::find_entity(std::string_view name) const { return find_by_name(entities, name); }

}  // namespace mapping
