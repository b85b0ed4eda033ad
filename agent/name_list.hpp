#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace agent {

/// `a, b, c and 12 more`: names in a sentence, at most `most` of them.
[[nodiscard]] std::string name_list(const std::vector<std::string>& names, std::size_t most = 8);

}  // namespace agent
