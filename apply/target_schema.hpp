#pragma once

#include "core/error.hpp"
#include "mapping/plan.hpp"

namespace apply {

/// Whether the target refused a statement because its tables, columns or functions are no longer those that the mapping was compiled
/// with. No row is at fault then.
[[nodiscard]] bool is_about_schema(const core::Error& error);
/// The same for a statement that writes to this route's table: a column that is required now and that the route does not give is no fault of
/// a row either.
[[nodiscard]] bool is_about_schema(const core::Error& error, const mapping::Route& route);

/// The Error(Refused) to stop with.
[[nodiscard]] core::Error schema_moved(const core::Error& error);

}  // namespace apply
