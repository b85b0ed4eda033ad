#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mapping {

/// The name that was probably meant by `wrong`; empty when none is near enough.
[[nodiscard]] std::string nearest_name(std::string_view wrong, const std::vector<std::string>& names);
/// `did you mean 'x'?`, or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& names);

}  // namespace mapping
