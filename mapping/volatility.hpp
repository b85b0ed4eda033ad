#pragma once

#include <vector>

#include "mapping/expression.hpp"

namespace mapping {

/// What in an expression depends on when or by whom it is evaluated, by a list of names: functions (`now()`, `age(x)`),
/// keywords (`current_date`), and the date/time inputs 'now', 'today', 'tomorrow', 'yesterday'. `is_for_time`: the value goes
/// into a date/time column, so that such a string is converted even without a cast. Functions that the list does not
/// know are for `agent check` to ask the server about.
[[nodiscard]] std::vector<SqlProblem> volatile_parts(const Expression& expression, bool is_for_time);

}  // namespace mapping
