#pragma once

#include <cstddef>
#include <string_view>

#include "mapping/mapping_file.hpp"

namespace mapping {

/// Where byte `offset` of a scalar's text stands in the file: through quotes, escapes, line folding and the indentation
/// of literal blocks. Where that cannot be followed (folded blocks `>`), where the scalar begins.
[[nodiscard]] SourcePosition position_in(std::string_view file, const Scalar& scalar, std::size_t offset);

}  // namespace mapping
