#pragma once

#include <cstdint>
#include <string>

#include "mapping/plan.hpp"

/// The SQL of a plan. User expressions stand on lines of their own (a trailing `-- comment` ends there) in parentheses,
/// and see their names in three relations: "row$" (the source row), one per join, and "in$" (ids of refs).
namespace mapping {

/// Fills judge, write, compare, find, remove, take_out and conflict_query of every route. Precondition: everything else of the plan is there.
void write_statements(Plan& plan);

/// An INSERT of just this column (a position in Route::columns) that lets PostgreSQL judge, by being prepared on the
/// target, the expression and its assignment to the column. Refused are set-returning functions (SQLSTATE 0A000),
/// aggregates (42803) and window functions (42P20): a row would not give one value, or one of other rows. Takes no
/// parameters; never to be executed.
[[nodiscard]] std::string probe_column(const Plan& plan, const Route& route, std::size_t column);
/// The same for `where`. Precondition: the route has one.
[[nodiscard]] std::string probe_where(const Plan& plan, const Route& route);
/// The same for a column of `on_delete: set` (a position in Route::set_on_delete).
[[nodiscard]] std::string probe_set(const Route& route, std::size_t column);

}  // namespace mapping
