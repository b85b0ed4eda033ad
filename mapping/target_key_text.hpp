#pragma once

#include <string>
#include <string_view>

/// How the target rows of routes without an id are told apart: by the text of their conflict columns. PostgreSQL takes some values for equal
/// that it prints differently (numeric 1.0 and 1.00, interval '1 day' and '24:00:00', float -0 and 0, citext): two source rows that share a
/// target row must know of each other all the same, so the text is of a form that equal values share. A `type` is TargetColumn::sql_type.
namespace mapping {

/// SQL that gives this text of `value`, SQL of that type.
[[nodiscard]] std::string target_key_text(std::string_view type, const std::string& value);

/// Whether equal values of the type may print differently, and the text makes up for it.
[[nodiscard]] bool evens_out(std::string_view type);

/// Whether the text is what the server prints of the value, so that nobody has to be asked for it.
[[nodiscard]] bool is_printed_as_key(std::string_view type);

/// SQL that is true when two values of the type are the same key, also where the type's operators are not on the search path.
[[nodiscard]] std::string equal_keys(std::string_view type, const std::string& left, const std::string& right);

}  // namespace mapping
