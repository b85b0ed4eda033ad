#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace agent {

/// Where in an expression of the mapping (`text`, as it was written) the server's complaint about a probe points. `sql` is the
/// expression inside the probe: `text` with each ref(…) replaced by a column `"…"."…"`, perhaps within a cast. `position` is the
/// server's: decimal, characters from 1. Nothing when it points at none of the expression.
[[nodiscard]] std::optional<std::size_t> offset_in_expression(std::string_view probe, std::string_view position,
                                                              std::string_view sql, std::string_view text);

}  // namespace agent
