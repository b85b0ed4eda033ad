#pragma once

#include "mapping/table_images.hpp"

namespace mapping {

/// The plan of a route's join `position`: how to find the joined rows, and from them the rows that see them.
[[nodiscard]] Join plan_join(const ResolvedRoute& route, std::size_t position, TableImages& images);
/// The plan of a ref: its key, and the way back from the entity's key to the rows that hold it.
[[nodiscard]] Ref plan_ref(const ResolvedRoute& route, const ResolvedRef& ref, TableImages& images);

}  // namespace mapping
