#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace core {

/// Numbers that the compiled plan gives to its parts. They index the plan's vectors and prefix keys of the state store;
/// distinct types, because they would otherwise be mixed up.
template <typename Tag>
struct Id {
  std::uint16_t value = 0;
  [[nodiscard]] constexpr std::size_t index() const { return value; }
  friend constexpr auto operator<=>(const Id&, const Id&) = default;
};

using TableId = Id<struct TableTag>;    ///< a source table that the plan reads
using RouteId = Id<struct RouteTag>;    ///< a route, in the order of mapping.yaml
using EntityId = Id<struct EntityTag>;  ///< an id space
using IndexId = Id<struct IndexTag>;    ///< a secondary index over the stored rows of one source table

}  // namespace core

template <typename Tag>
struct std::hash<core::Id<Tag>> {
  std::size_t operator()(const core::Id<Tag>& id) const noexcept { return id.value; }
};
